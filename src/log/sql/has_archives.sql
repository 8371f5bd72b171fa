select to_regclass('projection.ledger_archive') is not null
