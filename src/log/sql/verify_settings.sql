-- For this transaction alone. A long history takes long, and there is always something to do; one process a connection is enough
-- beside a live system.
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true),
       set_config('TimeZone', 'UTC', true)
