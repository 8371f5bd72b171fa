-- Archive files that hold what is not in the table any more: one series from position 1 on, without holes.

create table ledger_archive (
    -- Of the event that says so.
    position       bigint primary key,
    first_position bigint not null unique,
    last_position  bigint not null,
    events         bigint not null,
    hash           text not null,
    file           text not null,
    sha256         text not null,
    check (first_position <= last_position and last_position < position),
    -- What the fold would refuse must not get into the log.
    check (hash ~ '^[0-9a-f]{64}$' and sha256 ~ '^[0-9a-f]{64}$' and octet_length(file) between 1 and 255)
);

create function apply_ledger_archive(first bigint, last bigint) returns void
language plpgsql as $$
begin
    delete from ledger_archive a using event e
    where not e.pulse and e.position between first and last and e.type = 'LedgerUnsealed'
      and a.first_position >= (e.data ->> 'first')::bigint;

    insert into ledger_archive
    select e.position, (e.data ->> 'first')::bigint, (e.data ->> 'last')::bigint, (e.data ->> 'events')::bigint, e.data ->> 'hash',
           e.data ->> 'file', e.data ->> 'sha256'
    from event e
    where not e.pulse and e.position between first and last and e.type = 'LedgerSealed'
      and not exists (select from event u where not u.pulse and u.position between e.position and last and u.type = 'LedgerUnsealed'
                      and (u.data ->> 'first')::bigint <= (e.data ->> 'first')::bigint);
end
$$;
