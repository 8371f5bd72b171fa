-- For this transaction alone. A long history takes long, and there is always something to do; one process a connection is enough
-- beside a live system. Of the planner: plans for the range that is applied, no cache for subqueries that never repeat, and no sort for
-- joins whose size it cannot tell.
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '64MB', true), set_config('TimeZone', 'UTC', true),
       set_config('jit', 'off', true), set_config('enable_memoize', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
