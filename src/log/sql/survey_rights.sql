select has_table_privilege('event', 'select') and has_table_privilege('event_head', 'select') as reads,
       has_table_privilege('event', 'insert') as appends,
       has_table_privilege('event', 'update') or has_table_privilege('event', 'delete') as changes
