select first_position, last_position, events, hash, file, sha256 from projection.ledger_archive order by first_position
