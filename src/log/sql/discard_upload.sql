select discard_upload($1)
