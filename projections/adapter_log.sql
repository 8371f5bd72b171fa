-- The event log of each adapter, in words for people.

create table adapter_log (
    position    bigint primary key,
    adapter     text not null,
    session     text,
    recorded_at timestamptz not null,
    level       text not null check (level in ('info', 'warning', 'error')),
    category    text not null check (category in ('connection', 'action', 'system')),
    description text not null,
    details     jsonb not null
);
create index adapter_log_adapter on adapter_log (adapter, position);

create function apply_adapter_log(first bigint, last bigint) returns void
language plpgsql set search_path from current as $$
begin
    insert into adapter_log
    select e.position, coalesce(e.data ->> 'adapter', split_part(e.data ->> 'session', '/', 1)), e.data ->> 'session', e.recorded_at,
           entry.level, entry.category, entry.description, e.data || jsonb_build_object('actor', e.actor)
    from event e
    cross join lateral (
        select 'info', 'action', 'Configuration created' where e.type = 'AdapterDeclared'
        union all select 'info', 'action', format('Configuration changed to revision %s', e.data ->> 'revision') where e.type = 'AdapterRevised'
        union all select 'info', 'action', 'Configuration deleted' where e.type = 'AdapterDeleted'
        union all select 'info', 'connection', 'Connection Enabled' where e.type = 'AdapterEnabled'
        union all select 'info', 'connection', 'Connection Stopped' where e.type = 'AdapterDisabled'
        union all select 'info', 'system', format('Session claimed by %s (%s)', e.data ->> 'pod', e.data ->> 'kind') where e.type = 'SessionClaimed'
        union all select 'info', 'action', format('Action received: move to %s', e.data ->> 'to') where e.type = 'SessionMoveOrdered'
        union all select 'info', 'connection', 'Session Closed' where e.type = 'SessionReleased'
        union all select 'warning', 'system', format('Lease expired: nothing heard of %s for %s ms', e.data ->> 'pod', e.data ->> 'silence_ms')
                  where e.type = 'LeaseExpired'
        union all select 'info', 'connection', 'Session Established' where e.type = 'SessionStatusChanged' and e.data ->> 'status' = 'ACTIVE'
        union all select 'error', 'connection', concat('Connection Error: ', e.data ->> 'reason')
                  where e.type = 'SessionStatusChanged' and e.data ->> 'status' = 'ERROR'
        union all select e.data ->> 'level', e.data ->> 'category', e.data ->> 'message' where e.type = 'SessionLogged'
        union all select 'info', 'connection', concat_ws(': ', 'Connecting', e.data ->> 'reason')
                  where e.type = 'SessionStatusChanged' and e.data ->> 'status' = 'CLAIMING'
    ) as entry (level, category, description)
    where not e.pulse and e.position between first and last
      and (e.stream like 'session:%' or e.stream like 'adapter:%');
end
$$;
