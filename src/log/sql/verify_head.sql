select epoch, position, ledger_position, hash, recorded_at from event_head
