select keep_blob($1, $2, $3)
