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

-- The states that begin with the events of a range. `said_at` and `ordered_at` are the last events of the range that say the status and
-- where to move; where there is none, the state before the range hands it on.
-- (Without settings of its own, so that its query becomes part of the one that asks.)
create function session_status_told(first bigint, last bigint)
returns table (session text, token bigint, status text, reason text, moving_to text, moving_to_registration integer, said_at bigint,
               ordered_at bigint, during int8range, since timestamptz, until timestamptz)
language sql stable
begin atomic
    -- The life of a token is that of one ownership, and begins at the position which the token holds. Only what rows are made of
    -- is carried along: a whole history is sorted.
    select c.session, c.token,
           -- Nearly every change says its status itself. Only an order to move leaves it alone, and mostly follows one that says it.
           case when c.says then c.status when c.follows_one_that_says then c.status_before when c.said_at is not null
                then (select case e.type when 'SessionClaimed' then 'CLAIMING' else e.data ->> 'status' end from event e
                      where not e.pulse and e.position = c.said_at) end,
           case when c.says then c.reason when c.follows_one_that_says then c.reason_before when c.said_at is not null
                then (select case e.type when 'SessionStatusChanged' then e.data ->> 'reason' end from event e
                      where not e.pulse and e.position = c.said_at) end,
           case when c.ordered_at = c.position then c.moving_to when c.ordered_at is not null
                then (select e.data ->> 'to' from event e where not e.pulse and e.position = c.ordered_at) end,
           case when c.ordered_at = c.position then c.moving_to_registration when c.ordered_at is not null
                then (select (e.data ->> 'to_registration')::integer from event e where not e.pulse and e.position = c.ordered_at) end,
           c.said_at, c.ordered_at, int8range(c.position, c.ended), c.recorded_at, c.until
    from (
        select *, lead(position) over life as ended, lead(recorded_at) over life as until,
               lag(says) over life as follows_one_that_says, lag(status) over life as status_before, lag(reason) over life as reason_before,
               max(position) filter (where says) over life as said_at, max(position) filter (where orders) over life as ordered_at
        from (
            -- What is most frequent is asked for first.
            select position, recorded_at, type in ('SessionStatusChanged', 'SessionClaimed') as says, type = 'SessionMoveOrdered' as orders,
                   data ->> 'session' as session,
                   case type when 'SessionClaimed' then (epoch::bigint << 40) | position else (data ->> 'token')::bigint end as token,
                   case type when 'SessionStatusChanged' then data ->> 'status' when 'SessionClaimed' then 'CLAIMING' end as status,
                   case type when 'SessionStatusChanged' then data ->> 'reason' end as reason,
                   case type when 'SessionMoveOrdered' then data ->> 'to' end as moving_to,
                   case type when 'SessionMoveOrdered' then (data ->> 'to_registration')::integer end as moving_to_registration
            from event
            where not pulse and position between first and last
              and type in ('SessionStatusChanged', 'SessionClaimed', 'SessionReleased', 'SessionMoveOrdered', 'LeaseExpired')
        ) said
        window life as (partition by token order by position)
    ) c
    where c.says or c.orders;
end;

-- The rows of the whole log, in which nothing is handed on. `verify` looks at this instead of making the table once more.
create view session_status_entry as
select session, token, status, reason, moving_to, moving_to_registration, during, since, until
from session_status_told(1, 9223372036854775807);

create function apply_session_status(first bigint, last bigint, types text[]) returns void
language plpgsql set search_path from current as $$
begin
    if types && '{SessionClaimed,SessionStatusChanged,SessionMoveOrdered}' then
        insert into session_status
        select c.session, c.token, case when c.said_at is null then b.status else c.status end,
               case when c.said_at is null then b.reason else c.reason end,
               case when c.ordered_at is null then b.moving_to else c.moving_to end,
               case when c.ordered_at is null then b.moving_to_registration else c.moving_to_registration end, c.during, c.since, c.until
        from session_status_told(first, last) c
        -- The state before this range.
        left join session_status b
            on (c.token & ((1::bigint << 40) - 1)) < first and b.session = c.session and b.token = c.token and upper_inf(b.during);
    end if;

    -- Before the first range there was none.
    if first > 1 and types && '{SessionStatusChanged,SessionMoveOrdered,SessionReleased,LeaseExpired}' then
        -- It ends with the first of them.
        update session_status s
        set during = int8range(lower(s.during), c.position), until = c.recorded_at
        from (
            select distinct on (token) position, recorded_at, session, token
            from (
                select position, recorded_at, data ->> 'session' as session, (data ->> 'token')::bigint as token
                from event
                where not pulse and position between first and last
                  and type in ('SessionStatusChanged', 'SessionMoveOrdered', 'SessionReleased', 'LeaseExpired')
            ) said
            where (token & ((1::bigint << 40) - 1)) < first
            order by token, position
        ) c
        where s.session = c.session and s.token = c.token and upper_inf(s.during) and lower(s.during) < first;
    end if;
end
$$;
