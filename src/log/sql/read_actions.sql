select position, token, action, parameters, ordered_at, ordered_by, state, message, answered_at
from projection.action
where session = $1
  and ($2::bigint is null or position < $2)
  and ($3::bigint is null or position = $3)
order by position desc
limit $4
