select epoch, position
from event
where not pulse and recorded_at <= $1
order by recorded_at desc, position desc
limit 1
