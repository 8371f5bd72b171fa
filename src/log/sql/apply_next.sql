select projection_next.apply($1, $2)
