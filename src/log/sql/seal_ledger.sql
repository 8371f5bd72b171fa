select seal_ledger($1, $2, $3, $4, $5, $6)
