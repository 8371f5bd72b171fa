update event_head set epoch = $1, position = $2, database = 'imported', timeline = null
where position <= $2
returning pulse_partition($2), pulse_partition($2 + (1 << 20))
