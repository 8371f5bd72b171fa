-- The one log: a head, an event table, and one function that appends.
--
-- Every append advances the head in the transaction that inserts the events and applies the projections. So positions
-- have no gaps, their order is commit order, and a reader's cursor is one number.

create table event_head (
    one             boolean primary key default true check (one),
    epoch           integer not null,
    -- Of the last event of any kind; 0 for an empty log.
    position        bigint not null,
    -- Of the last ledger event: any but a pulse. What commands and heartbeats are conditional on.
    ledger_position bigint not null,
    -- Hash of the last ledger event: the end of the hash chain.
    hash            bytea not null,
    recorded_at     timestamptz not null,
    check (ledger_position between 0 and position)
) with (fillfactor = 10);

insert into event_head (epoch, position, ledger_position, hash, recorded_at)
values (1, 0, 0, sha256('conncentric'), clock_timestamp());

-- Ledger events are kept for ever. Pulses, which record heartbeats, are dropped by partition.
create table event (
    position       bigint not null check (position > 0),
    pulse          boolean not null,
    epoch          integer not null,
    id             uuid not null,
    type           text not null,
    schema_version smallint not null,
    -- What the event is about: adapter:NAME, session:NAME/N, pod:NAME, access-token:ID, fleet.
    stream         text not null,
    recorded_at    timestamptz not null,
    actor          text not null,
    request_id     uuid,
    cause          bigint check (cause < position),
    data           jsonb,
    -- SHA-256 over the previous hash and the canonical bytes of this event. Pulses stand outside the chain.
    hash           bytea,
    -- A pulse's heartbeats: who by the number of the registration, and each one's own count.
    registrations  integer[],
    sequences      integer[],
    check (pulse = (hash is null) and pulse = (data is null) and pulse = (registrations is not null)),
    check (cardinality(registrations) = cardinality(sequences))
) partition by list (pulse);

create table event_ledger partition of event (primary key (position)) for values in (false);
create unique index event_ledger_id on event_ledger (id);
create index event_ledger_stream on event_ledger (stream, position);
create index event_ledger_type on event_ledger (type, position);
create index event_ledger_recorded_at on event_ledger (recorded_at);
create index event_ledger_request on event_ledger (request_id) where request_id is not null;
create index event_ledger_registration on event_ledger (((data ->> 'registration')::integer)) where type = 'PodRegistered';

-- By position and not by time: readers name positions, so the planner can leave the other partitions out.
create table event_pulse partition of event (primary key (position)) for values in (true) partition by range (position);

-- Makes the partition that holds the pulse at a position. One partition spans 2^20 positions.
create function pulse_partition(at bigint) returns void
language plpgsql as $$
declare
    number constant bigint := at >> 20;
    name   constant text := format('event_pulse_%s', number);
begin
    if to_regclass(name) is null then
        -- Made apart and attached, because that does not lock out those who read and insert.
        execute format('create table %I (like event_pulse including defaults including constraints)', name);
        execute format('alter table event_pulse attach partition %I for values from (%s) to (%s)', name, number << 20, (number + 1) << 20);
    end if;
end
$$;

select pulse_partition(0), pulse_partition(1 << 20);

-- History is not edited. (The owner can still drop a partition of pulses, which is not a row's change.)
create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception 'the event table is append-only: % is refused', tg_op
        using errcode = 'insufficient_privilege', hint = 'append a new event that says what changed';
end
$$;

create trigger event_append_only before update or delete on event for each row execute function refuse_change();
create trigger event_ledger_no_truncate before truncate on event_ledger for each statement execute function refuse_change();

-- One row a heartbeat.
create view heartbeat as
select pulse.position, pulse.recorded_at, registered.data ->> 'pod' as pod, registered.data ->> 'incarnation' as incarnation,
       beat.registration, beat.sequence, pulse.actor as recorded_by
from event pulse
cross join lateral unnest(pulse.registrations, pulse.sequences) as beat (registration, sequence)
left join event registered
    on not registered.pulse and registered.type = 'PodRegistered' and (registered.data ->> 'registration')::integer = beat.registration
where pulse.pulse;

-- An empty schema for projections, first in the search path until the transaction ends: the scripts of projections/ then make
-- their tables and functions there, and the functions remember the path that they were made with.
create function begin_projection(name text) returns void
language plpgsql as $$
begin
    execute format('drop schema if exists %I cascade', name);
    execute format('create schema %I', name);
    perform set_config('search_path', format('%I, public, pg_temp', name), true);
end
$$;

-- Puts the projections that were built in `projection_next` in the place of the live ones.
create function switch_projection() returns void
language plpgsql as $$
declare
    routine regprocedure;
begin
    drop schema if exists projection cascade;
    alter schema projection_next rename to projection;
    for routine in
        select p.oid from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'projection'::regnamespace and l.lanname in ('plpgsql', 'sql')
    loop
        execute format('alter routine %s set search_path = projection, public, pg_temp', routine);
    end loop;
end
$$;

-- Which text of the projections the schema `projection` was built from.
create table projection_version (
    one  boolean primary key default true check (one),
    hash text not null
);
