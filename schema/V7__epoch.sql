-- What the present epoch began in. A restored dump brings these values along and finds itself in another database; a standby
-- that was promoted finds itself on another timeline. Null where the server does not tell.
alter table event_head
    add column database text,
    add column timeline bigint,
    -- Orchestrators sign what they tell pods of the log, so that a pod can prove what was acknowledged, and nobody can make it up.
    add column receipt_key bytea not null default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Begins an epoch, provided that the log is where the caller looked. To be followed by an append of `EpochBegan` in the same
-- transaction.
create function begin_epoch(expected_epoch integer, expected_ledger bigint, new_epoch integer, new_database text, new_timeline bigint)
returns boolean
language plpgsql security definer set search_path from current as $$
begin
    if new_epoch <= expected_epoch then
        raise exception 'epoch % does not come after epoch %', new_epoch, expected_epoch using errcode = 'invalid_parameter_value';
    end if;
    update event_head h
    set epoch = new_epoch, database = new_database, timeline = new_timeline
    where h.epoch = expected_epoch and h.ledger_position = expected_ledger;
    return found;
end
$$;
