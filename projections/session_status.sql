-- How each session fared at any position while somebody owned it: one row for each state, from the claim to the end of the
-- ownership. Who owned it, and for what timeout, stands in `ownership`.

create table session_status (
    session                text not null,
    token                  bigint not null,
    status                 text not null,
    reason                 text,
    moving_to              text,
    moving_to_registration integer,
    during                 int8range not null check (not isempty(during)),
    since                  timestamptz not null,
    until                  timestamptz,
    check (upper_inf(during) = (until is null))
);
create unique index session_status_session on session_status (session, lower(during));
create index session_status_open on session_status (session) where upper_inf(during);
create index session_status_during on session_status using gist (during);

create function apply_session_status(first bigint, last bigint) returns void
language plpgsql set search_path from current as $$
begin
    with change as (
        select position, recorded_at, type, data, data ->> 'session' as session,
               coalesce((data ->> 'token')::bigint, (epoch::bigint << 40) | position) as token,
               row_number() over life = 1 as is_first, lead(position) over life as ended, lead(recorded_at) over life as until,
               max(position) filter (where type = 'SessionClaimed') over life as claimed_at,
               max(position) filter (where type = 'SessionStatusChanged') over life as reported_at,
               max(position) filter (where type = 'SessionMoveOrdered') over life as ordered_at
        from event
        where not pulse and position between first and last
          and type in ('SessionClaimed', 'SessionStatusChanged', 'SessionMoveOrdered', 'SessionReleased', 'LeaseExpired')
        window life as (partition by stream order by position)
    ),
    -- The state before this range ends with the first change in it, and hands on whatever that change leaves alone.
    before as (
        update session_status s
        set during = int8range(lower(s.during), c.position), until = c.recorded_at
        from change c
        where c.is_first and s.session = c.session and upper_inf(s.during)
        returning s.*
    )
    insert into session_status
    select c.session, c.token, said.status, said.reason, ordered.moving_to, ordered.moving_to_registration,
           int8range(c.position, c.ended), c.recorded_at, c.until
    from change c
    left join before b on b.session = c.session and c.claimed_at is null
    -- Nearly every change says its status itself; only an order to move leaves it alone.
    cross join lateral (
        select case when c.type = 'SessionClaimed' then 'CLAIMING'
                    when c.type = 'SessionStatusChanged' then c.data ->> 'status'
                    when c.reported_at > coalesce(c.claimed_at, 0)
                         then (select e.data ->> 'status' from event e where not e.pulse and e.position = c.reported_at)
                    when c.claimed_at is not null then 'CLAIMING'
                    else b.status end as status,
               case when c.type = 'SessionClaimed' then null
                    when c.type = 'SessionStatusChanged' then c.data ->> 'reason'
                    when c.reported_at > coalesce(c.claimed_at, 0)
                         then (select e.data ->> 'reason' from event e where not e.pulse and e.position = c.reported_at)
                    when c.claimed_at is not null then null
                    else b.reason end as reason
    ) said
    cross join lateral (
        select case when c.ordered_at > coalesce(c.claimed_at, 0)
                    then (select e.data ->> 'to' from event e where not e.pulse and e.position = c.ordered_at)
                    else b.moving_to end as moving_to,
               case when c.ordered_at > coalesce(c.claimed_at, 0)
                    then (select (e.data ->> 'to_registration')::integer from event e where not e.pulse and e.position = c.ordered_at)
                    else b.moving_to_registration end as moving_to_registration
    ) ordered
    where c.type in ('SessionClaimed', 'SessionStatusChanged', 'SessionMoveOrdered');
end
$$;
