select begin_epoch($1, $2, $3, $4, $5) as begun
