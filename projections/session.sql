-- Sessions and their leases as they are now. Sessions that an adapter had once stay until it is deleted, as in the fold:
-- their tokens must go on growing if they return.

create table session (
    session               text primary key,
    adapter               text not null,
    ordinal               integer not null,
    -- The lease; all null while nobody owns the session.
    pod                   text,
    incarnation           text,
    registration          integer,
    token                 bigint,
    ttl_ms                bigint,
    revision              integer,
    units                 bigint,
    since                 timestamptz,
    status                text,
    reason                text,
    moving_to             text,
    moving_to_registration integer,
    -- False for a lease of an earlier epoch until its owner says that it trusts it still.
    confirmed             boolean,
    -- What outlives a lease.
    preferred             text,
    last_token            bigint,
    vacated               text check (vacated in ('expired', 'handed_over')),
    vacated_at            bigint,
    check ((token is null) = (pod is null) and (token is null) = (registration is null) and (token is null) = (ttl_ms is null))
)
-- No index holds what a claim or a release changes, and pages keep room for the next version of a row: so no index is written to.
with (fillfactor = 70);
create index session_adapter on session (adapter);

create function apply_session(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
declare
    streams text[];
begin
    if types && '{AdapterDeleted}' then
        delete from session s using event e
        where not e.pulse and e.position between first and last and e.type = 'AdapterDeleted' and s.adapter = e.data ->> 'adapter';
    end if;

    if types && '{AdapterDeclared,AdapterRevised}' then
        insert into session (session, adapter, ordinal)
        select distinct concat(a.adapter, '/', n), a.adapter, n
        from event e
        join adapter a on a.adapter = e.data ->> 'adapter' and a.declared_position <= e.position
        cross join lateral generate_series(0, (e.data -> 'spec' ->> 'replicas')::integer - 1) n
        where not e.pulse and e.position between first and last and e.type in ('AdapterDeclared', 'AdapterRevised')
        on conflict do nothing;
    end if;

    if types && '{SessionClaimed,SessionReleased,LeaseExpired,SessionStatusChanged}' then
        -- Whose last changes are looked for. In a range that is long for so many sessions each has some.
        if last - first < 10000 or last - first < 100 * (select count(*) from session) then
            streams := array(select distinct e.stream from event e
                             where not e.pulse and e.position between first and last
                               and e.type in ('SessionStatusChanged', 'SessionClaimed', 'SessionReleased', 'LeaseExpired'));
        else
            streams := array(select 'session:' || s.session from session s);
        end if;
    end if;

    if types && '{SessionClaimed,SessionReleased,LeaseExpired}' then
        -- The last change of owner decides; what came before it in the same batch is history.
        update session s
        set pod = c.pod, incarnation = c.incarnation, registration = c.registration, token = c.token, ttl_ms = c.ttl_ms,
            revision = c.revision, units = c.units, since = c.since, status = c.status, reason = null, moving_to = null,
            moving_to_registration = null, confirmed = case when c.token is not null then true end,
            preferred = case when c.token is null
                -- Ordered in this very range, or before it.
                then coalesce(o.to_pod, case when s.token = c.ended_token::bigint then s.moving_to end, c.ended_pod) else c.pod end,
            last_token = greatest(s.last_token, c.last_token), vacated = c.vacated, vacated_at = c.vacated_at
        from (
            -- The last claim, release or expiry of each of these streams, as the row that it leaves behind. (A function would be planned
            -- anew each time, which takes longer than to run it.)
            select c.data ->> 'session' as session, c.stream,
                   case when c.claimed then c.data ->> 'pod' end as pod, case when c.claimed then c.data ->> 'incarnation' end as incarnation,
                   case when c.claimed then (c.data ->> 'registration')::integer end as registration,
                   case when c.claimed then c.claim_token end as token, case when c.claimed then (c.data ->> 'ttl_ms')::bigint end as ttl_ms,
                   case when c.claimed then (c.data ->> 'revision')::integer end as revision,
                   case when c.claimed then (c.data ->> 'units')::bigint end as units, case when c.claimed then c.recorded_at end as since,
                   case when c.claimed then 'CLAIMING' end as status,
                   case when c.claimed then c.claim_token else (c.data ->> 'token')::bigint end as last_token,
                   case c.type when 'LeaseExpired' then 'expired'
                               when 'SessionReleased' then case when (c.data ->> 'handover')::boolean then 'handed_over' end end as vacated,
                   case when c.type = 'LeaseExpired' or (c.type = 'SessionReleased' and (c.data ->> 'handover')::boolean)
                        then c.position end as vacated_at,
                   case when not c.claimed then c.data ->> 'pod' end as ended_pod,
                   case when not c.claimed then c.data ->> 'token' end as ended_token
            from (
                select e.*, e.type = 'SessionClaimed' as claimed, (e.epoch::bigint << 40) | e.position as claim_token
                from unnest(streams) changed (stream)
                cross join lateral (select changing.* from event changing
                                    where not changing.pulse and changing.stream = changed.stream and changing.position between first and last
                                      and changing.type in ('SessionClaimed', 'SessionReleased', 'LeaseExpired')
                                    order by changing.position desc limit 1) e
                -- Not what happened before the adapter was deleted and declared again.
                join adapter a on a.adapter = split_part(e.data ->> 'session', '/', 1) and a.declared_position < e.position
            ) c
        ) c
        left join lateral (select ordered.data ->> 'to' as to_pod from event ordered
                           where not ordered.pulse and ordered.stream = c.stream and ordered.type = 'SessionMoveOrdered'
                             and ordered.data ->> 'token' = c.ended_token
                             -- What came before this range may be sealed. And a token holds the position of its claim, and nothing is
                             -- ordered before: the rest of a long life is not read, and nothing at all if the session was claimed.
                             and ordered.position > (c.ended_token::bigint & ((1::bigint << 40) - 1))
                             and ordered.position between first and last
                           order by ordered.position desc limit 1) o on true
        where s.session = c.session;
    end if;

    if types && '{SessionStatusChanged}' then
        update session s
        set status = e.data ->> 'status', reason = e.data ->> 'reason'
        from unnest(streams) changed (stream)
        cross join lateral (select said.data from event said
                            where not said.pulse and said.stream = changed.stream and said.position between first and last
                              and said.type = 'SessionStatusChanged'
                            order by said.position desc limit 1) e
        where s.session = e.data ->> 'session' and s.token = (e.data ->> 'token')::bigint;
    end if;

    if types && '{SessionMoveOrdered}' then
        update session s
        set moving_to = e.data ->> 'to', moving_to_registration = (e.data ->> 'to_registration')::integer
        from event e
        where not e.pulse and e.position between first and last and e.type = 'SessionMoveOrdered'
          and s.session = e.data ->> 'session' and s.token = (e.data ->> 'token')::bigint;
    end if;

    if types && '{EpochBegan}' then
        -- A new epoch puts every lease in doubt that was claimed before it.
        update session s
        set confirmed = false
        from (select max(position) as began from event where not pulse and position between first and last and type = 'EpochBegan') e
        where s.token & ((1::bigint << 40) - 1) < e.began;
    end if;

    if types && '{LeaseConfirmed}' then
        update session s
        set confirmed = true
        from event e
        where not e.pulse and e.position between first and last and e.type = 'LeaseConfirmed'
          and s.session = e.data ->> 'session' and s.token = (e.data ->> 'token')::bigint
          and e.position > coalesce((select max(b.position) from event b
                                     where not b.pulse and b.position between first and last and b.type = 'EpochBegan'), 0);
    end if;

    if types && '{AdapterEnabled,AdapterDisabled}' then
        -- A change of the administrative state makes a new start: the next claim is neither takeover nor handover.
        update session s
        set vacated = null, vacated_at = null
        from (select data ->> 'adapter' as adapter, max(position) as position from event
              where not pulse and event.position between first and last and type in ('AdapterEnabled', 'AdapterDisabled')
              group by 1) e
        where s.adapter = e.adapter and s.vacated_at < e.position;
    end if;
end
$$;
