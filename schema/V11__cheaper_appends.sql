-- Two ways to make appends cheaper. What an append must hold to is the same.

-- Heartbeats alone are what nearly every append is. They need nothing of what append() does for ledger events, so they have a way of their
-- own into the log: half the work, and the same condition.
--
-- Nothing is written unless the head is on the epoch and ledger position that the caller decided on: a heartbeat must not be
-- answered "renewed" on a view that misses an expiry. The loser of a race gets appended = false.
create function append_pulse(
    expected_epoch  integer,
    expected_ledger bigint,
    id              uuid,
    actor           text,
    registrations   integer[],
    sequences       integer[],
    out appended        boolean,
    out epoch           integer,
    out "position"      bigint,
    out ledger_position bigint,
    out recorded_at     timestamptz
)
language plpgsql security definer set search_path from current as $$
begin
    -- The row lock makes appends wait for each other; read committed then looks at the head that the winner left.
    update event_head h
    -- Never backwards, whatever the clock does.
    set position = h.position + 1, recorded_at = greatest(clock_timestamp(), h.recorded_at)
    where h.epoch = expected_epoch and h.ledger_position = expected_ledger
    returning h.epoch, h.position, h.ledger_position, h.recorded_at into epoch, "position", ledger_position, recorded_at;

    appended := found;
    if not appended then
        return;
    end if;

    -- Right into the partition of pulses, so that nobody need look which one it is.
    insert into event_pulse (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, registrations, sequences)
    values ("position", true, epoch, id, 'PulseRecorded', 1, 'fleet', recorded_at, actor, registrations, sequences);

    -- The partition after the one that was just entered, so that none is ever missing.
    if ("position" - 1) >> 20 <> "position" >> 20 then
        perform pulse_partition("position" + (1 << 20));
    end if;
end
$$;

-- Most appends of ledger events are about one session or a few, and planning the projections' statements anew takes longer than to run them.
-- So they are planned once. Such a plan does not know how few events a range holds; the joins and scans that pay for many are ruled
-- out. An append of many events allows them again, for itself (projections/apply.sql).
alter function append
    set plan_cache_mode = force_generic_plan
    set enable_hashjoin = off
    set enable_mergejoin = off
    set enable_seqscan = off;
