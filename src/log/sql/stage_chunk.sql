select stage_chunk($1, $2, $3)
