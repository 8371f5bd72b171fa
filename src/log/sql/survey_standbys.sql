select application_name as name, state, sync_state, (extract(epoch from replay_lag) * 1000)::bigint as lag_ms
from pg_stat_replication order by application_name
