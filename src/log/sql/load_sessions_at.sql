select o.session, o.pod, o.incarnation, o.registration, o.token, o.ttl_ms, o.revision, o.units, o.since, s.status, s.reason, s.moving_to,
       s.moving_to_registration, null::boolean as confirmed, null::text as preferred, o.token as last_token, null::text as vacated, null::bigint as vacated_at,
       -- Mostly a session ran what its adapter said then.
       case when o.revision <> a.revision then (select r.spec from projection.adapter_revision r
                                                where r.adapter = a.adapter and r.revision = o.revision and r.position < lower(o.during)
                                                order by r.position desc limit 1) end as spec
from projection.ownership o
join projection.session_status s on s.session = o.session and s.during @> $1::bigint
join projection.adapter_history a on a.adapter = split_part(o.session, '/', 1) and a.during @> $1::bigint
where o.during @> $1::bigint
