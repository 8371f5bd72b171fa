select hash from event where not pulse and position = $1
