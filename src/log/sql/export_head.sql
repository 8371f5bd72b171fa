select epoch, position, ledger_position, hash from event_head
