select position from event_head for update
