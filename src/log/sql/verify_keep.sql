select keep_projections($1, $2)
