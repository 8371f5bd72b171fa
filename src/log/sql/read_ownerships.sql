select session, token, pod, incarnation, claimed_by, lower(during) as from_position, upper(during) as to_position, since, until, ended_by
from projection.ownership
where session = $1
order by token desc
limit $2
