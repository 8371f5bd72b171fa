-- Session by session, however long the history is: the last claim up to the position, if it still held there.
with newest as (
    -- No claim up to the position has a larger token. (Before the first epoch that was begun there is one that has no row.)
    select (coalesce((select max(k.epoch) from projection.epoch k where k.began <= $1::bigint),
                     (select min(k.epoch) - 1 from projection.epoch k),
                     (select epoch from event_head))::bigint << 40) | $1::bigint as token
),
-- By itself, so that it is done once a session whatever the planner thinks of the rest.
owned as materialized (
    select o.*, a.adapter, a.revision as revision_then
    from projection.adapter_history a
    cross join newest
    -- A session may outlast the revision that took its place away.
    cross join lateral (select max((r.spec ->> 'replicas')::integer) as sessions from projection.adapter_revision r
                        where r.adapter = a.adapter and r.position <= $1::bigint) ever
    cross join generate_series(0, ever.sessions - 1) as ordinal
    cross join lateral (select * from projection.ownership held
                        where held.session = concat(a.adapter, '/', ordinal) and held.token <= newest.token and lower(held.during) <= $1::bigint
                        order by held.token desc limit 1) o
    where a.during @> $1::bigint and o.during @> $1::bigint
)
select o.session, o.pod, o.incarnation, o.registration, o.token, o.ttl_ms, o.revision, o.units, o.since,
       coalesce(s.status, 'CLAIMING') as status, s.reason, m.moving_to, m.moving_to_registration,
       null::boolean as confirmed, null::text as preferred, o.token as last_token, null::text as vacated, null::bigint as vacated_at,
       -- Mostly a session ran what its adapter said then.
       case when o.revision <> o.revision_then then (select r.spec from projection.adapter_revision r
                                                     where r.adapter = o.adapter and r.revision = o.revision and r.position < lower(o.during)
                                                     order by r.position desc limit 1) end as spec
from owned o
left join lateral (select said.status, said.reason from projection.session_status said
                   where said.token = o.token and said.position <= $1::bigint and said.status is not null
                   order by said.position desc limit 1) s on true
left join lateral (select ordered.moving_to, ordered.moving_to_registration from projection.session_status ordered
                   where ordered.token = o.token and ordered.position <= $1::bigint and ordered.status is null
                   order by ordered.position desc limit 1) m on true
