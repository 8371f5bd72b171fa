select database, timeline, receipt_key, clock_timestamp() as now from event_head
