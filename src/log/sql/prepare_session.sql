select set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $1, false), set_config('search_path', 'public, pg_temp', false),
       -- What is estimated to be dear for a whole log is compiled first, which takes far longer than an append itself.
       set_config('jit', 'off', false),
       -- A position that was seen must never be handed out twice. Stricter settings of the server's own stay.
       set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end, false)
