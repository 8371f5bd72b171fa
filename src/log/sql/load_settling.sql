select began, wait_ms from projection.epoch where epoch = (select epoch from event_head) and settled is null
