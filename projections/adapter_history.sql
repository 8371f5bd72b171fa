-- Adapters as they were declared at any position: one row for each state between two changes.

create table adapter_history (
    adapter      text not null,
    revision     integer not null,
    spec         jsonb not null,
    enabled      boolean not null,
    state_reason text,
    during       int8range not null check (not isempty(during)),
    since        timestamptz not null,
    until        timestamptz,
    check (upper_inf(during) = (until is null))
);
create unique index adapter_history_adapter on adapter_history (adapter, lower(during));
create index adapter_history_open on adapter_history (adapter) where upper_inf(during);
create index adapter_history_during on adapter_history using gist (during);

create function apply_adapter_history(first bigint, last bigint) returns void
language plpgsql as $$
begin
    with change as (
        select position, recorded_at, type, data, data ->> 'adapter' as adapter,
               row_number() over life = 1 as is_first, lead(position) over life as ended, lead(recorded_at) over life as until,
               max(position) filter (where type in ('AdapterDeclared', 'AdapterRevised')) over life as configured_at,
               max(position) filter (where type in ('AdapterDeclared', 'AdapterEnabled', 'AdapterDisabled')) over life as set_at
        from event
        where not pulse and position between first and last
          and type in ('AdapterDeclared', 'AdapterRevised', 'AdapterEnabled', 'AdapterDisabled', 'AdapterDeleted')
        window life as (partition by stream order by position)
    ),
    -- The state before this range ends with the first change in it, and hands on whatever that change leaves alone.
    before as (
        update adapter_history h
        set during = int8range(lower(h.during), c.position), until = c.recorded_at
        from change c
        where c.is_first and h.adapter = c.adapter and upper_inf(h.during)
        returning h.*
    )
    insert into adapter_history
    select c.adapter, coalesce((configured.data ->> 'revision')::integer, b.revision), coalesce(configured.data -> 'spec', b.spec),
           case when set.position is null then b.enabled else set.type = 'AdapterEnabled' end,
           case when set.position is null then b.state_reason else set.data ->> 'reason' end,
           int8range(c.position, c.ended), c.recorded_at, c.until
    from change c
    left join before b on b.adapter = c.adapter
    left join change configured on configured.position = c.configured_at
    left join change set on set.position = c.set_at
    where c.type <> 'AdapterDeleted';
end
$$;
