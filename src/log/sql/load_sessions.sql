select s.session, s.pod, s.incarnation, s.registration, s.token, s.ttl_ms, s.revision, s.units, s.since, s.status, s.reason, s.moving_to,
       s.moving_to_registration, s.confirmed, s.preferred, s.last_token, s.vacated, s.vacated_at,
       -- Mostly a session runs what its adapter says now.
       case when s.revision <> a.revision then (select r.spec from projection.adapter_revision r
                                                where r.adapter = s.adapter and r.revision = s.revision
                                                order by r.position desc limit 1) end as spec
from projection.session s
join projection.adapter a on a.adapter = s.adapter
