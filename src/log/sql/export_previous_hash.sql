select hash from event where not pulse and position < $1 order by position desc limit 1
