-- What ended later than the last position that is asked about was still lasting then.
select session, token, pod, incarnation, claimed_by, lower(during) as from_position, since,
       case when upper(during) <= $3 then upper(during) end as to_position,
       case when upper(during) <= $3 then until end as until,
       case when upper(during) <= $3 then ended_by end as ended_by
from projection.ownership
where session = $1 and lower(during) <= $3
order by token desc
limit $2
