-- Adapters as they are declared now.

create table adapter (
    adapter           text primary key,
    revision          integer not null,
    spec              jsonb not null,
    enabled           boolean not null,
    state_reason      text,
    changed_at        timestamptz not null,
    declared_position bigint not null
);

create function apply_adapter(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
begin
    if types && '{AdapterDeleted}' then
        delete from adapter a using event e
        where not e.pulse and e.position between first and last and e.type = 'AdapterDeleted' and a.adapter = e.data ->> 'adapter';
    end if;

    if types && '{AdapterDeclared}' then
        -- Of several declarations of one name only the last can have survived, and only if no deletion follows it.
        insert into adapter
        select e.data ->> 'adapter', (e.data ->> 'revision')::integer, e.data -> 'spec', false, null, e.recorded_at, e.position
        from event e
        where not e.pulse and e.position between first and last and e.type = 'AdapterDeclared'
          and not exists (select from event d where not d.pulse and d.position between e.position and last and d.type = 'AdapterDeleted'
                          and d.stream = e.stream);
    end if;

    if types && '{AdapterRevised}' then
        update adapter a
        set revision = (e.data ->> 'revision')::integer, spec = e.data -> 'spec', changed_at = greatest(a.changed_at, e.recorded_at)
        from (select distinct on (stream) data, position, recorded_at from event
              where not pulse and event.position between first and last and type = 'AdapterRevised'
              order by stream, event.position desc) e
        where a.adapter = e.data ->> 'adapter' and a.declared_position < e.position;
    end if;

    if types && '{AdapterEnabled,AdapterDisabled}' then
        update adapter a
        set enabled = (e.type = 'AdapterEnabled'), state_reason = e.data ->> 'reason', changed_at = greatest(a.changed_at, e.recorded_at)
        from (select distinct on (stream) type, data, position, recorded_at from event
              where not pulse and event.position between first and last and type in ('AdapterEnabled', 'AdapterDisabled')
              order by stream, event.position desc) e
        where a.adapter = e.data ->> 'adapter' and a.declared_position < e.position;
    end if;
end
$$;
