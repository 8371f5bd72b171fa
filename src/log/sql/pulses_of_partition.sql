select min(position) as first, max(position) as last, count(*) as count
from event
where pulse and position >= $1::bigint << 20 and position < ($1 + 1) << 20
