-- The blobs that events name, each with the first event that does. They are kept for as long as the ledger is: for ever.

create table blob_use (
    sha256   bytea primary key,
    size     bigint not null,
    position bigint not null
);

create function apply_blob_use(first bigint, last bigint) returns void
language plpgsql as $$
begin
    insert into blob_use
    select distinct on (data ->> 'sha256') decode(data ->> 'sha256', 'hex'), (data ->> 'size')::bigint, position
    from event
    where not pulse and position between first and last and type in ('ArtifactStored', 'PluginInstalled')
    order by data ->> 'sha256', position
    on conflict do nothing;
end
$$;
