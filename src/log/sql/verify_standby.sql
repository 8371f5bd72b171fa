select pg_is_in_recovery(), has_database_privilege(current_database(), 'create')
