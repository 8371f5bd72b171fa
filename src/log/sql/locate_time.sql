select epoch, position
from ((select epoch, position, recorded_at from event where not pulse and recorded_at <= $1 order by recorded_at desc, position desc limit 1)
      union all
      (select epoch, last_position, recorded_at from sealed_moment where recorded_at <= $1
       order by recorded_at desc, last_position desc limit 1)) found
order by recorded_at desc, position desc
limit 1
