select first.position as first_position, first.recorded_at as first_time, h.epoch, h.position, h.recorded_at,
       greatest(clock_timestamp(), h.recorded_at) as now
from event_head h
left join lateral (
    (select m.first_position as position, m.recorded_at from sealed_moment m order by m.first_position limit 1)
    union all
    (select e.position, e.recorded_at from event e where not e.pulse order by e.position limit 1)
    order by position limit 1
) first on true
