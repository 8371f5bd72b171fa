select max(position) from event where not pulse and stream = $1
