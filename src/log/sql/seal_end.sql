-- The last event before a position or time, and whether it is older than $3 seconds.
select position, recorded_at, recorded_at <= clock_timestamp() - make_interval(secs => $3) as old_enough
from event
where not pulse and ($1::bigint is null or position < $1) and ($2::timestamptz is null or recorded_at < $2)
order by position desc
limit 1
