select first_position, last_position, epoch, recorded_at from sealed_moment order by first_position
