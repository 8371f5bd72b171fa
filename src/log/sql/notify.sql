select pg_notify('conncentric', $1)
