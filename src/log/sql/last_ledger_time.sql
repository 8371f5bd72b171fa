select recorded_at from event where not pulse and position = $1
