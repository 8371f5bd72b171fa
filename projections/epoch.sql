-- The epochs that were begun because history may have been lost. The first epoch of a log has no row.

create table epoch (
    epoch      integer primary key,
    began      bigint not null,
    began_at   timestamptz not null,
    because    text not null,
    -- The highest position that is known to have been acknowledged before.
    known      bigint,
    wait_ms    bigint not null,
    settled    bigint,
    settled_at timestamptz
);

create function apply_epoch(first bigint, last bigint) returns void
language plpgsql as $$
begin
    insert into epoch
    select epoch, position, recorded_at, data ->> 'because', (data ->> 'known')::bigint, (data ->> 'wait_ms')::bigint
    from event where not pulse and position between first and last and type = 'EpochBegan';

    update epoch k
    set settled = e.position, settled_at = e.recorded_at
    from event e
    where not e.pulse and e.position between first and last and e.type = 'EpochSettled' and k.epoch = e.epoch;
end
$$;
