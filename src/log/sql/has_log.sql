select to_regclass('event_head') is not null
