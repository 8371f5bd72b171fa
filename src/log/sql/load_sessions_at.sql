select o.session, o.pod, o.incarnation, o.registration, o.token, o.ttl_ms, o.revision, o.units, o.since, s.status, s.reason, s.moving_to,
       s.moving_to_registration, null::boolean as confirmed, null::text as preferred, o.token as last_token, null::text as vacated, null::bigint as vacated_at
from projection.ownership o
join projection.session_status s on s.session = o.session and s.during @> $1::bigint
where o.during @> $1::bigint
