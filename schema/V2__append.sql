-- The conditional append: the only way into the log, one round trip.
--
-- Ledger events come as arrays of equal length; `datas` are canonical JSON texts, whose bytes are hashed as they are.
-- A cause is a position, or (cause_indexes, counted from 1) another event of the same append. At most one pulse follows.
--
-- Nothing is written unless the head is where the caller decided: on the epoch and ledger position always, on the position
-- of all events too unless `expected_position` is null. The loser of a race gets appended = false and the head as it is.
-- A request that the log holds already is never carried out again: then nothing is written and `carried` names it.
create function append(
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
language plpgsql security definer set search_path from current as $$
declare
    head          event_head;
    ledger_count  constant integer := cardinality(ids);
    pulse_count   constant integer := (cardinality(pulse_registrations) > 0)::integer;
    link          bytea;
    links         bytea[] := '{}';
    cause         bigint;
    resolved      bigint[] := '{}';
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

    carried := array(select distinct known.request_id from event known where not known.pulse and known.request_id = any (request_ids));
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
        for i in 1 .. ledger_count loop
            cause := coalesce(causes[i], first_position + cause_indexes[i] - 1);
            link := event_hash(link, first_position + i - 1, epoch, ids[i], types[i], schema_versions[i], streams[i], recorded_at,
                               actors[i], request_ids[i], cause, convert_to(datas[i], 'UTF8'));
            links := links || link;
            resolved := resolved || cause;
        end loop;

        insert into event (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash)
        select first_position + e.n - 1, false, append.epoch, e.id, e.type, e.schema_version, e.stream, append.recorded_at, e.actor,
               e.request_id, e.cause, e.data::jsonb, e.hash
        from unnest(ids, types, schema_versions, streams, actors, request_ids, resolved, datas, links)
             with ordinality as e (id, type, schema_version, stream, actor, request_id, cause, data, hash, n);

        perform projection.apply(first_position, first_position + ledger_count - 1);
    end if;

    if pulse_count > 0 then
        insert into event (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, registrations, sequences)
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

-- Keeps everybody else from appending until the transaction ends, for an expiry that has lost too many races. The application may
-- not write to the head, so it may not lock the row by itself either.
create function lock_head() returns bigint
language sql security definer set search_path from current
as 'select position from event_head for update';

-- The hash chain (design 6): SHA-256 over the previous hash and the event's canonical bytes. Those are its fields in this
-- order, each but the last ended by a line feed, which no field before the data can contain; then the data as canonical JSON:
-- no white space, keys in order. The time is in microseconds since 1970, an absent request or cause is an empty field.
create function event_hash(previous bytea, "position" bigint, epoch integer, id uuid, type text, schema_version smallint, stream text,
                           recorded_at timestamptz, actor text, request_id uuid, cause bigint, data bytea)
returns bytea
language sql immutable parallel safe
return sha256(previous || convert_to(concat_ws(E'\n', "position", epoch, id, type, schema_version, stream,
    (extract(epoch from recorded_at) * 1000000)::bigint, actor, coalesce(request_id::text, ''), coalesce(cause::text, ''), ''), 'UTF8') || data);
