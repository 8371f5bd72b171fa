-- The event log of each adapter, in words for people. Details and actor are the event's own.

create table adapter_log (
    position    bigint not null,
    adapter     text not null,
    session     text,
    recorded_at timestamptz not null,
    level       text not null check (level in ('info', 'warning', 'error')),
    category    text not null check (category in ('connection', 'action', 'system')),
    description text not null,
    primary key (adapter, position)
);

-- The row of each event. It depends on no other event, so `verify` looks at this instead of making the table once more.
create view adapter_log_entry as
select e.position, coalesce(e.data ->> 'adapter', split_part(e.data ->> 'session', '/', 1)) as adapter, e.data ->> 'session' as session,
       e.recorded_at, entry.words[1] as level, entry.words[2] as category, entry.words[3] as description
from event e
cross join lateral (
    -- Level, category, description; nothing for events that no adapter is told of. What is most frequent is asked for first.
    select case e.type
        when 'SessionStatusChanged' then
            case e.data ->> 'status'
                when 'ACTIVE' then array['info', 'connection', 'Session Established']
                when 'ERROR' then array['error', 'connection', concat('Connection Error: ', e.data ->> 'reason')]
                when 'CLAIMING' then array['info', 'connection', concat_ws(': ', 'Connecting', e.data ->> 'reason')]
            end
        when 'SessionClaimed' then array['info', 'system', format('Session claimed by %s (%s)', e.data ->> 'pod', e.data ->> 'kind')]
        when 'SessionReleased' then array['info', 'connection', 'Session Closed']
        when 'SessionLogged' then array[e.data ->> 'level', e.data ->> 'category', e.data ->> 'message']
        when 'ActionOrdered' then array['info', 'action', concat('Action received: ', e.data ->> 'action')]
        when 'ActionAnswered' then
            case e.data ->> 'state'
                when 'received' then array['info', 'action', concat('Action under way: ', e.data ->> 'name')]
                when 'done' then array['info', 'action', concat_ws(': ', 'Action done', e.data ->> 'name', e.data ->> 'message')]
                when 'failed' then array['error', 'action', concat_ws(': ', 'Action failed', e.data ->> 'name', e.data ->> 'message')]
            end
        when 'SessionMoveOrdered' then array['info', 'action', concat('Action received: move to ', e.data ->> 'to')]
        when 'LeaseExpired' then array['warning', 'system', format('Lease expired: nothing heard of %s for %s ms',
                                                                   e.data ->> 'pod', e.data ->> 'silence_ms')]
        when 'AdapterEnabled' then array['info', 'connection', 'Connection Enabled']
        when 'AdapterDisabled' then array['info', 'connection', 'Connection Stopped']
        when 'AdapterRevised' then array['info', 'action', concat('Configuration changed to revision ', e.data ->> 'revision')]
        when 'AdapterDeclared' then array['info', 'action', 'Configuration created']
        when 'AdapterDeleted' then array['info', 'action', 'Configuration deleted']
    end as words
    -- Keeps the planner from working this out once for every place that names it.
    offset 0
) entry
where not e.pulse and entry.words is not null;

create function apply_adapter_log(first bigint, last bigint) returns void
language plpgsql as $$
begin
    insert into adapter_log select * from adapter_log_entry where position between first and last;
end
$$;
