select appended, epoch, position, ledger_position, recorded_at
from append_pulse($1, $2, $3, $4, $5, $6)
