select epoch, recorded_at
from ((select position, epoch, recorded_at from event where position <= $1 order by position desc limit 1)
      union all
      (select first_position, epoch, recorded_at from sealed_moment where first_position <= $1 order by first_position desc limit 1)) found
order by position desc
limit 1
