-- The way back into the log for an export: events with the positions, times and hashes that they had.
--
-- For the owner alone, and for an empty log: `conncentric import` sees to that in the transaction that calls this page by page. Here
-- every event must continue the chain that the head ends, so that nothing comes in which was not in the ledger that was exported.
create function import_events(
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
) returns void
language plpgsql as $$
declare
    head event_head;
begin
    select * into strict head from event_head for update;
    for i in 1 .. cardinality(positions) loop
        head.hash := event_hash(head.hash, positions[i], epochs[i], ids[i], types[i], schema_versions[i], streams[i], recorded_ats[i],
                                actors[i], request_ids[i], causes[i], convert_to(datas[i], 'UTF8'));
        if positions[i] <= head.position or head.hash <> hashes[i] then
            raise exception 'the event at position % does not continue the log, which is at %', positions[i], head.position
                using errcode = 'integrity_constraint_violation';
        end if;
        head.position := positions[i];
        head.epoch := epochs[i];
        head.recorded_at := recorded_ats[i];
    end loop;

    insert into event (position, pulse, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash)
    select e.position, false, e.epoch, e.id, e.type, e.schema_version, e.stream, e.recorded_at, e.actor, e.request_id, e.cause,
           e.data::jsonb, e.hash
    from unnest(positions, epochs, ids, types, schema_versions, streams, recorded_ats, actors, request_ids, causes, datas, hashes)
         as e (position, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash);

    update event_head
    set epoch = head.epoch, position = head.position, ledger_position = head.position, hash = head.hash, recorded_at = head.recorded_at;
end
$$;

revoke execute on function import_events from public;
