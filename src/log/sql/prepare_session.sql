select set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $1, false), set_config('search_path', 'public, pg_temp', false),
       -- Compiling the projections' statements costs an append hundreds of milliseconds on a long log, and gains nothing.
       set_config('jit', 'off', false),
       -- A position that was seen must never be handed out twice. Stricter settings of the server's own stay.
       set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end, false)
