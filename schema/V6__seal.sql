-- Sealing: old ledger events leave the table for an archive file, and may come back from it.
--
-- `conncentric seal` has written the file, has read it back and has compared its end with the table before it calls this. What is
-- asked of events that are away is answered by the projections, and by two small tables here, which go when the events come back.

-- When what was recorded: so that a time in the past still leads to its position. One row for each append.
create table sealed_moment (
    first_position bigint primary key,
    last_position  bigint not null,
    epoch          integer not null,
    recorded_at    timestamptz not null
);
create index sealed_moment_recorded_at on sealed_moment (recorded_at, last_position);

-- Whom pulses speak of.
create table sealed_registration (
    registration integer primary key,
    pod          text not null,
    incarnation  text not null
);

-- As before, but that seal_ledger() removes what it has checked. The setting lasts for that one statement, and deleting needs to be the
-- owner besides. (A function can declare such a setting only if a superuser makes it, and owners need not be.)
create or replace function refuse_change() returns trigger
language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('conncentric.sealing', true) = 'on' then
        return old;
    end if;
    raise exception 'the event table is append-only: % is refused', tg_op
        using errcode = 'insufficient_privilege', hint = 'append a new event that says what changed';
end
$$;

create or replace view heartbeat as
select pulse.position, pulse.recorded_at, coalesce(registered.data ->> 'pod', away.pod) as pod,
       coalesce(registered.data ->> 'incarnation', away.incarnation) as incarnation,
       beat.registration, beat.sequence, pulse.actor as recorded_by
from event pulse
cross join lateral unnest(pulse.registrations, pulse.sequences) as beat (registration, sequence)
left join event registered
    on not registered.pulse and registered.type = 'PodRegistered' and (registered.data ->> 'registration')::integer = beat.registration
left join sealed_registration away on away.registration = beat.registration
where pulse.pulse;

-- Appends one event on whatever the head is at: for what depends on no other event that may come before it.
create function append_alone(event_type text, event_id uuid, event_version smallint, event_actor text, event_request uuid, event_data text)
returns bigint
language plpgsql as $$
declare
    head event_head;
    done record;
begin
    select * into strict head from event_head for update;
    select a.appended, a.position into strict done
    from append(head.epoch, head.ledger_position, null, array[event_id], array[event_type], array[event_version], array['fleet'],
                array[event_actor], array[event_request], array[null::bigint], array[null::integer], array[event_data],
                null, null, '{}', '{}') a;
    if not done.appended then
        raise exception '% was not appended', event_type;
    end if;
    return done.position;
end
$$;

-- Takes the events that a LedgerSealed speaks of out of the table, and appends it. Nobody has to wait until the end, when the head
-- is locked for the append.
--
-- The caller has exported and checked them. Here it is made sure that it speaks of all there is from the beginning to its last
-- position, that this is where the chain is as it says, and that nothing goes which is younger than `keep_seconds`: request ids
-- are looked for in the table.
create function seal_ledger(event_id uuid, event_version smallint, event_actor text, event_request uuid, event_data text,
                            keep_seconds double precision)
returns bigint
language plpgsql set search_path from current as $$
declare
    sealed   constant jsonb := event_data::jsonb;
    first_at constant bigint := sealed ->> 'first';
    last_at  constant bigint := sealed ->> 'last';
    expected bigint;
    newest   event;
    removed  bigint;
begin
    select coalesce(max(last_position), 0) + 1 into expected from projection.ledger_archive;
    if first_at is distinct from expected then
        raise exception 'sealing must go on at position %, not %', expected, first_at using errcode = 'check_violation';
    end if;
    select * into newest from event where not pulse and position = last_at;
    if newest.hash is null or encode(newest.hash, 'hex') is distinct from sealed ->> 'hash' then
        raise exception 'the event at position % does not have the hash that was exported', last_at using errcode = 'check_violation';
    end if;
    if newest.recorded_at > clock_timestamp() - make_interval(secs => keep_seconds) then
        raise exception 'the event at position % is too young to be sealed', last_at using errcode = 'check_violation';
    end if;

    insert into sealed_moment
    select min(position), max(position), epoch, recorded_at from event where not pulse and position <= last_at group by epoch, recorded_at;
    insert into sealed_registration
    select (data ->> 'registration')::integer, data ->> 'pod', data ->> 'incarnation'
    from event where not pulse and position <= last_at and type = 'PodRegistered';

    perform set_config('conncentric.sealing', 'on', true);
    delete from event where not pulse and position <= last_at;
    get diagnostics removed = row_count;
    perform set_config('conncentric.sealing', 'off', true);
    if removed is distinct from (sealed ->> 'events')::bigint then
        raise exception 'there are % events up to position %, not the % that were exported', removed, last_at, sealed ->> 'events'
            using errcode = 'check_violation';
    end if;
    return append_alone('LedgerSealed', event_id, event_version, event_actor, event_request, event_data);
end
$$;

-- Puts events back that continue the chain after `previous`; gives the hash of the last. What it comes to is checked by unseal_ledger(),
-- in the same transaction.
create function unseal_events(
    previous        bytea,
    positions       bigint[],
    epochs          integer[],
    ids             uuid[],
    types           text[],
    schema_versions smallint[],
    streams         text[],
    recorded_ats    timestamptz[],
    actors          text[],
    request_ids     uuid[],
    causes          bigint[],
    datas           text[],
    hashes          bytea[]
) returns bytea
language plpgsql as $$
declare
    link bytea := previous;
begin
    for i in 1 .. cardinality(positions) loop
        link := event_hash(link, positions[i], epochs[i], ids[i], types[i], schema_versions[i], streams[i], recorded_ats[i], actors[i],
                           request_ids[i], causes[i], convert_to(datas[i], 'UTF8'));
        if link <> hashes[i] then
            raise exception 'the event at position % does not continue the chain', positions[i]
                using errcode = 'integrity_constraint_violation';
        end if;
    end loop;

    insert into event (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash)
    select e.position, false, e.epoch, e.id, e.type, e.schema_version, e.stream, e.recorded_at, e.actor, e.request_id, e.cause,
           e.data::jsonb, e.hash
    from unnest(positions, epochs, ids, types, schema_versions, streams, recorded_ats, actors, request_ids, causes, datas, hashes)
         as e (position, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash);
    return link;
end
$$;

-- Appends the LedgerUnsealed that speaks of what was just put back, once it is known to be what was sealed: all of it from its first
-- position on, because the table has no holes.
create function unseal_ledger(event_id uuid, event_version smallint, event_actor text, event_request uuid, event_data text)
returns bigint
language plpgsql set search_path from current as $$
declare
    unsealed constant jsonb := event_data::jsonb;
    first_at constant bigint := unsealed ->> 'first';
    last_at  constant bigint := unsealed ->> 'last';
    wrong    bigint;
begin
    if first_at is null or not exists (select from projection.ledger_archive a where a.first_position = first_at)
       or last_at is distinct from (select max(a.last_position) from projection.ledger_archive a) then
        raise exception 'positions % to % are not what is sealed from there on', first_at, last_at using errcode = 'check_violation';
    end if;
    select min(a.first_position) into wrong
    from projection.ledger_archive a
    where a.first_position >= first_at
      and ((select count(*) from event e where not e.pulse and e.position between a.first_position and a.last_position) <> a.events
           or (select encode(e.hash, 'hex') from event e where not e.pulse and e.position = a.last_position) is distinct from a.hash);
    if wrong is not null then
        raise exception 'what was put back from position % on is not what was sealed', wrong using errcode = 'check_violation';
    end if;

    delete from sealed_moment m where m.first_position >= first_at;
    delete from sealed_registration s using event e
    where not e.pulse and e.type = 'PodRegistered' and e.position >= first_at and s.registration = (e.data ->> 'registration')::integer;
    return append_alone('LedgerUnsealed', event_id, event_version, event_actor, event_request, event_data);
end
$$;

revoke execute on function append_alone, seal_ledger, unseal_events, unseal_ledger from public;
