select apply($1, $2)
