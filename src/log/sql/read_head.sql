select epoch, position, ledger_position, recorded_at from event_head
