-- The oldest partition with pulses that lies behind the current one and whose newest pulse is older than $1 seconds.
select behind.number
from (select substring(relname from '[0-9]+$')::bigint as number
      from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'event_pulse'::regclass) behind
cross join lateral (select recorded_at from event
                    where pulse and position >= behind.number << 20 and position < (behind.number + 1) << 20
                    order by position desc limit 1) newest
where (behind.number + 1) << 20 <= (select position from event_head)
  and newest.recorded_at < clock_timestamp() - make_interval(secs => $1)
order by behind.number
limit 1
