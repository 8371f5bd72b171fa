-- Registrations at any position, for as long as they could hold leases: until the pod is lost or leaves, and superseded ones
-- until their last lease ends.

create table registration_history (
    registration  integer not null,
    pod           text not null,
    incarnation   text not null,
    capacity      bigint not null,
    labels        jsonb not null,
    connectors    jsonb not null,
    platform      text,
    access_token  text not null,
    registered_at timestamptz not null,
    state         text not null check (state in ('ready', 'draining', 'superseded')),
    during        int8range not null check (not isempty(during)),
    since         timestamptz not null,
    until         timestamptz,
    check (upper_inf(during) = (until is null))
);
create unique index registration_history_pod on registration_history (pod, registration, lower(during));
create index registration_history_open on registration_history (pod) where upper_inf(during);
create index registration_history_superseded on registration_history (registration) where state = 'superseded' and upper_inf(during);
create index registration_history_registration on registration_history (registration);
create index registration_history_during on registration_history using gist (during);

-- What a superseded registration still holds, and what it held last.
create index ownership_registration on ownership (registration, ended);

create function apply_registration_history(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
begin
    if types && '{PodRegistered,PodDrained,PodResumed,PodLost,PodLeft}' then
        -- Whatever happens to a pod name happens to its newest registration.
        with change as (
            select position, recorded_at, type, data, data ->> 'pod' as pod, (data ->> 'registration')::integer as registration,
                   row_number() over life = 1 as is_first, lead(position) over life as ended, lead(recorded_at) over life as until
            from event
            where not pulse and position between first and last
              and type in ('PodRegistered', 'PodDrained', 'PodResumed', 'PodLost', 'PodLeft')
            window life as (partition by stream order by position)
        ),
        before as (
            update registration_history h
            set during = int8range(lower(h.during), c.position), until = c.recorded_at
            from change c
            where c.is_first and h.pod = c.pod and h.state <> 'superseded' and upper_inf(h.during)
            returning h.*
        )
        insert into registration_history
        select c.registration, c.pod, coalesce(r.data ->> 'incarnation', b.incarnation), coalesce((r.data ->> 'capacity')::bigint, b.capacity),
               coalesce(r.data -> 'labels', b.labels), coalesce(r.data -> 'connectors', b.connectors),
               case when r.data is null then b.platform else r.data ->> 'platform' end,
               coalesce(r.data ->> 'access_token', b.access_token), coalesce(r.recorded_at, b.registered_at),
               case c.type when 'PodDrained' then 'draining' else 'ready' end, int8range(c.position, c.ended), c.recorded_at, c.until
        from change c
        left join change r on r.type = 'PodRegistered' and r.registration = c.registration
        left join before b on b.registration = c.registration
        where c.type in ('PodRegistered', 'PodDrained', 'PodResumed');
    end if;

    if types && '{PodRegistered}' then
        -- A newer registration of a name supersedes the older, which is remembered for as long as it holds leases.
        insert into registration_history
        select h.registration, h.pod, h.incarnation, h.capacity, h.labels, h.connectors, h.platform, h.access_token, h.registered_at, 'superseded',
               int8range(newer.position, case when held.still = 0 then held.ended end), newer.recorded_at,
               case when held.still = 0 then held.until end
        from event newer
        join registration_history h on h.pod = newer.data ->> 'pod' and upper(h.during) = newer.position and h.state <> 'superseded'
        cross join lateral (
            select count(*) as leases, count(*) filter (where o.ended is null) as still, max(o.ended) as ended, max(o.until) as until
            from ownership o
            where o.registration = h.registration and (o.ended is null or o.ended > newer.position)
        ) held
        where not newer.pulse and newer.position between first and last and newer.type = 'PodRegistered' and held.leases > 0;
    end if;

    if types && '{PodRegistered,SessionReleased,LeaseExpired}' then
        update registration_history h
        set during = int8range(lower(h.during), held.ended), until = held.until
        from (select s.registration, last.ended, last.until
              from registration_history s
              cross join lateral (select o.ended, o.until from ownership o
                                  where o.registration = s.registration and o.ended is not null order by o.ended desc limit 1) last
              where s.state = 'superseded' and upper_inf(s.during)
                and not exists (select from ownership o where o.registration = s.registration and o.ended is null)) held
        where h.registration = held.registration and h.state = 'superseded' and upper_inf(h.during);
    end if;
end
$$;
