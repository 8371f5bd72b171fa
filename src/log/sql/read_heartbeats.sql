-- Newest first. A registration that was silent for long would be looked for in every pulse that is kept, so it is looked for
-- among the newest only.
select event.position, event.recorded_at, beat.sequence, event.actor as recorded_by
from event
cross join lateral unnest(event.registrations, event.sequences) as beat (registration, sequence)
where event.pulse and event.position > $2 and event.position <= $3
  and event.registrations @> array[$1::integer] and beat.registration = $1
order by event.position desc
limit $4
