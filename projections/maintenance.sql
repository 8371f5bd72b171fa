-- Adapters that a maintenance took down and its end will bring back.

create table maintenance (
    adapter text primary key,
    began   bigint not null,
    since   timestamptz not null,
    reason  text
);

create function apply_maintenance(first bigint, last bigint) returns void
language plpgsql as $$
declare
    change event;
begin
    -- One after the other: what a maintenance remembers depends on the order of these few.
    for change in
        select * from event
        where not pulse and position between first and last
          and type in ('MaintenanceBegan', 'MaintenanceEnded', 'AdapterEnabled', 'AdapterDeleted')
          -- While nothing is remembered, only a beginning matters.
          and (exists (select from maintenance)
               or position >= (select min(began.position) from event began
                               where not began.pulse and began.position between first and last and began.type = 'MaintenanceBegan'))
        order by position
    loop
        if change.type = 'MaintenanceBegan' then
            insert into maintenance
            select name, change.position, change.recorded_at, change.data ->> 'reason'
            from jsonb_array_elements_text(change.data -> 'adapters') name
            on conflict do nothing;
        elsif change.type = 'MaintenanceEnded' then
            delete from maintenance;
        else
            delete from maintenance where adapter = change.data ->> 'adapter';
        end if;
    end loop;
end
$$;
