select prepare_projections($1, $2)
