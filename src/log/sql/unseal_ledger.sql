select unseal_ledger($1, $2, $3, $4, $5)
