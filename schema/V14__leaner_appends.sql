-- The same append for less: what it writes and what it makes sure of are as before.

-- A program that knows the schema of before calls append() as it did.
insert into schema_compatibility (version, oldest_program) values (14, 13);

-- The canonical bytes of an event that come before its data, as text; see event_hash(). Marked stable, as concat_ws() is, so that the
-- planner puts its body in its place instead of calling it for each event.
create function event_fields("position" bigint, epoch integer, id uuid, type text, schema_version smallint, stream text, microseconds bigint,
                             actor text, request_id uuid, cause bigint)
returns text
language sql stable parallel safe
return concat_ws(E'\n', "position", epoch, id, type, schema_version, stream, microseconds, actor, coalesce(request_id::text, ''),
                 coalesce(cause::text, ''), '');

create or replace function event_hash(previous bytea, "position" bigint, epoch integer, id uuid, type text, schema_version smallint, stream text,
                                      recorded_at timestamptz, actor text, request_id uuid, cause bigint, data bytea)
returns bytea
language sql immutable parallel safe
return sha256(previous || convert_to(event_fields("position", epoch, id, type, schema_version, stream,
    (extract(epoch from recorded_at) * 1000000)::bigint, actor, request_id, cause), 'UTF8') || data);

-- The conditional append: the only way into the log, one round trip.
--
-- Ledger events come as arrays of equal length; `datas` are canonical JSON texts, whose bytes are hashed as they are.
-- A cause is a position, or (cause_indexes, counted from 1) another event of the same append. At most one pulse follows.
--
-- Nothing is written unless the head is where the caller decided: on the epoch and ledger position always, on the position
-- of all events too unless `expected_position` is null. The loser of a race gets appended = false and the head as it is.
-- A request that the log holds already is never carried out again: then nothing is written and `carried` names it.
--
-- Most appends of ledger events are about one session or a few, so the projections' statements are planned once; see
-- V11__cheaper_appends.sql.
create or replace function append(
    expected_epoch    integer,
    expected_ledger   bigint,
    expected_position bigint,
    ids               uuid[],
    types             text[],
    schema_versions   smallint[],
    streams           text[],
    actors            text[],
    request_ids       uuid[],
    causes            bigint[],
    cause_indexes     integer[],
    datas             text[],
    pulse_id          uuid,
    pulse_actor       text,
    pulse_registrations integer[],
    pulse_sequences   integer[],
    out appended        boolean,
    out epoch           integer,
    out first_position  bigint,
    out "position"      bigint,
    out ledger_position bigint,
    out recorded_at     timestamptz,
    out carried         uuid[]
)
language plpgsql security definer set search_path from current
    set plan_cache_mode = force_generic_plan
    set enable_hashjoin = off
    set enable_mergejoin = off
    set enable_seqscan = off
as $$
declare
    head          event_head;
    ledger_count  constant integer := cardinality(ids);
    pulse_count   constant integer := (cardinality(pulse_registrations) > 0)::integer;
    bytes         bytea;
    link          bytea;
    links         bytea[] := '{}';
begin
    -- The row lock makes appends wait for each other; read committed then shows the waiter the head that the winner left.
    select h.* into head from event_head h
    where h.epoch = expected_epoch and h.ledger_position = expected_ledger
      and (expected_position is null or h.position = expected_position)
    for update;

    appended := found;
    if not appended then
        select h.epoch, h.position, h.ledger_position, h.recorded_at into epoch, "position", ledger_position, recorded_at from event_head h;
        return;
    end if;

    carried := array(select distinct known.request_id from event_ledger known where known.request_id = any (request_ids));
    if carried <> '{}' then
        appended := false;
        return;
    end if;

    epoch := head.epoch;
    first_position := head.position + 1;
    "position" := head.position + ledger_count + pulse_count;
    ledger_position := case when ledger_count > 0 then head.position + ledger_count else head.ledger_position end;
    -- Never backwards, whatever the clock does.
    recorded_at := greatest(clock_timestamp(), head.recorded_at);

    link := head.hash;
    if ledger_count > 0 then
        -- All that can be worked out for many at once is; only the chain goes step by step.
        foreach bytes in array array(
            select convert_to(event_fields(first_position + e.n - 1, append.epoch, e.id, e.type, e.schema_version, e.stream, at.microseconds, e.actor,
                                           e.request_id, coalesce(e.cause, first_position + e.cause_index - 1)) || e.data, 'UTF8')
            from (select (extract(epoch from append.recorded_at) * 1000000)::bigint as microseconds offset 0) at
            cross join unnest(ids, types, schema_versions, streams, actors, request_ids, causes, cause_indexes, datas)
                 with ordinality as e (id, type, schema_version, stream, actor, request_id, cause, cause_index, data, n)
            order by e.n)
        loop
            link := sha256(link || bytes);
            links := links || link;
        end loop;

        -- Right into the partition of the ledger, so that nobody need look which one it is.
        insert into event_ledger (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash)
        select first_position + e.n - 1, false, append.epoch, e.id, e.type, e.schema_version, e.stream, append.recorded_at, e.actor,
               e.request_id, coalesce(e.cause, first_position + e.cause_index - 1), e.data::jsonb, e.hash
        from unnest(ids, types, schema_versions, streams, actors, request_ids, causes, cause_indexes, datas, links)
             with ordinality as e (id, type, schema_version, stream, actor, request_id, cause, cause_index, data, hash, n);

        perform projection.apply(first_position, first_position + ledger_count - 1);
    end if;

    if pulse_count > 0 then
        insert into event_pulse (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, registrations, sequences)
        values ("position", true, epoch, pulse_id, 'PulseRecorded', 1, 'fleet', recorded_at, pulse_actor, pulse_registrations, pulse_sequences);
    end if;

    update event_head h
    set position = append."position", ledger_position = append.ledger_position, hash = link, recorded_at = append.recorded_at;

    -- The partition after the one that was just entered, so that none is ever missing.
    if (first_position - 1) >> 20 <> "position" >> 20 then
        perform pulse_partition("position" + (1 << 20));
    end if;
end
$$;

-- Puts the projections that were built in `projection_next` in the place of the live ones. Their functions look where they are, from then
-- on. What has no path of its own has that of apply(), which calls it: a path for each of them takes longer than what most of them do.
create or replace function switch_projection() returns void
language plpgsql as $$
declare
    routine regprocedure;
begin
    drop schema if exists projection cascade;
    alter schema projection_next rename to projection;
    for routine in
        select p.oid from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'projection'::regnamespace and l.lanname in ('plpgsql', 'sql')
          and exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')
    loop
        execute format('alter routine %s set search_path = projection, public, pg_temp', routine);
    end loop;
end
$$;
