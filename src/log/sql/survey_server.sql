select current_setting('server_version') as version, current_setting('server_version_num')::integer as version_number,
       pg_backend_pid() as backend, current_user::text as role,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       pg_is_in_recovery() as standby, current_setting('transaction_read_only')::boolean as read_only,
       current_setting('fsync')::boolean as fsync, current_setting('full_page_writes')::boolean as full_page_writes,
       current_setting('synchronous_standby_names') as synchronous_standby_names,
       -- What the server would do by itself: our own connections turn "off" into "on".
       (select reset_val from pg_settings where name = 'synchronous_commit') as synchronous_commit,
       (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls,
       (select concat_ws(' ', version, cipher) from pg_stat_ssl where pid = pg_backend_pid()) as cipher
