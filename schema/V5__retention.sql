-- Drops the pulses of one partition, which holds the positions from number * 2^20 on. Only together with the ledger event that
-- records it: that must be the last event of the log, so the caller's transaction has just appended it and holds the head.
--
-- Dropping locks out whoever reads or appends, and waits for those who read already. A long reader must not make everybody else
-- wait behind us, so after a moment we give up, and the transaction with us: there is time enough for another try.
create function drop_pulses(number bigint) returns void
language plpgsql security definer set search_path from current set lock_timeout = '100ms' as $$
declare
    name     constant text := format('event_pulse_%s', number);
    head     event_head;
    recorded jsonb;
begin
    select * into strict head from event_head for update;
    -- Nothing can come into a partition that the head has left.
    if (number + 1) << 20 > head.position then
        raise exception 'the log is still in partition %, so its pulses stay', number using errcode = 'check_violation';
    end if;
    if to_regclass(name) is null then
        raise exception 'there is no partition %', number using errcode = 'check_violation';
    end if;

    select data into recorded from event where not pulse and position = head.position and type = 'PulsesDropped';
    -- The count is not repeated here, because that takes long and the head is locked.
    if (recorded ->> 'partition')::bigint is distinct from number
       or (recorded ->> 'first')::bigint is distinct from
          (select min(position) from event where pulse and position >= number << 20 and position < (number + 1) << 20)
       or (recorded ->> 'last')::bigint is distinct from
          (select max(position) from event where pulse and position >= number << 20 and position < (number + 1) << 20) then
        raise exception 'the pulses of partition % stay: the log does not end with a PulsesDropped of them', number
            using errcode = 'check_violation';
    end if;

    execute format('drop table %I', name);
end
$$;
