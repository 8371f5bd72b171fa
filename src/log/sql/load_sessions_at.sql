select o.session, o.pod, o.incarnation, o.registration, o.token, o.ttl_ms, o.revision, o.units, o.since,
       coalesce(s.status, 'CLAIMING') as status, s.reason, m.moving_to, m.moving_to_registration,
       null::boolean as confirmed, null::text as preferred, o.token as last_token, null::text as vacated, null::bigint as vacated_at,
       -- Mostly a session ran what its adapter said then.
       case when o.revision <> a.revision then (select r.spec from projection.adapter_revision r
                                                where r.adapter = a.adapter and r.revision = o.revision and r.position < lower(o.during)
                                                order by r.position desc limit 1) end as spec
from projection.ownership o
left join lateral (select said.status, said.reason from projection.session_status said
                   where said.token = o.token and said.position <= $1::bigint and said.status is not null
                   order by said.position desc limit 1) s on true
left join lateral (select ordered.moving_to, ordered.moving_to_registration from projection.session_status ordered
                   where ordered.token = o.token and ordered.position <= $1::bigint and ordered.status is null
                   order by ordered.position desc limit 1) m on true
join projection.adapter_history a on a.adapter = split_part(o.session, '/', 1) and a.during @> $1::bigint
where o.during @> $1::bigint
