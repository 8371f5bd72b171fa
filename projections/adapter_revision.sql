-- Every revision of every adapter: what it said, and who made it when. Of a name that was deleted and declared again, both lives.

create table adapter_revision (
    position    bigint primary key,
    adapter     text not null,
    revision    integer not null,
    spec        jsonb not null,
    recorded_at timestamptz not null,
    actor       text not null
);
create index adapter_revision_adapter on adapter_revision (adapter, position);

-- The row of each event. It depends on no other event, so `verify` looks at this instead of making the table once more.
create view adapter_revision_entry as
select e.position, e.data ->> 'adapter' as adapter, (e.data ->> 'revision')::integer as revision, e.data -> 'spec' as spec, e.recorded_at, e.actor
from event e
where not e.pulse and e.type in ('AdapterDeclared', 'AdapterRevised');

create function apply_adapter_revision(first bigint, last bigint) returns void
language plpgsql as $$
begin
    insert into adapter_revision select * from adapter_revision_entry where position between first and last;
end
$$;
