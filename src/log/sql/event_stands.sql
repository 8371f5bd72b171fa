-- Whether a ledger event stands where it stood: in the table, or in an archive. Of what is sealed the id is not kept; when it was recorded is.
select exists (select from event where not pulse and position = $1 and id = $2)
       or exists (select from (select last_position, epoch, recorded_at from sealed_moment
                               where first_position <= $1 order by first_position desc limit 1) sealed
                  where sealed.last_position >= $1 and sealed.epoch = $3 and sealed.recorded_at = $4) as stands
