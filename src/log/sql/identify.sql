update event_head set database = $1, timeline = $2 where database is null and timeline is null
