-- The history of ownership: one interval of positions each. The constraints hold what the domain decides: a bug there fails
-- an append, it cannot make two owners.

create table ownership (
    session        text not null,
    token          bigint not null,
    -- The token before it in the life of this session: the chain that makes tokens grow.
    previous_token bigint,
    pod            text not null,
    incarnation    text not null,
    registration   integer not null,
    claimed_by     text not null,
    -- What the claim fixed for as long as it lasts.
    ttl_ms         bigint not null,
    revision       integer not null,
    units          bigint not null,
    during         int8range not null,
    since          timestamptz not null,
    until          timestamptz,
    ended_by       text check (ended_by in ('released', 'expired')),
    -- Where the ownership before it ended, and where this one did.
    previous_ended bigint,
    ended          bigint generated always as (upper(during)) stored,
    primary key (session, token),
    unique (session, token, ended),
    -- The ownerships of a session are one chain: the first follows none, every other one follows an earlier token, and none is followed
    -- twice. Each begins where the one before it had ended, or later; so no two of the chain overlap. An exclusion constraint would
    -- say the same in one line, and cost as much as all the rest of an append.
    constraint ownership_token_grows check (token > previous_token),
    constraint ownership_token_has_one_successor unique nulls not distinct (session, previous_token),
    constraint ownership_never_overlaps
        check ((previous_token is null) = (previous_ended is null) and coalesce(previous_ended <= lower(during), true)),
    constraint ownership_follows_one_that_ended
        foreign key (session, previous_token, previous_ended) references ownership (session, token, ended) deferrable,
    check (upper_inf(during) = (ended_by is null) and (until is null) = (ended_by is null))
);

-- There is no index over `during`: it would cost an end as much as everything else about it. Who owned what at a position is looked up
-- session by session; see load_sessions_at.sql.

create function apply_ownership(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
declare
    checks_later boolean := false;
begin
    if first > 1 and types && '{SessionReleased,LeaseExpired}' then
        -- What was claimed before this range. (A token holds the position of its claim.)
        update ownership o
        set during = int8range(lower(o.during), e.position), until = e.recorded_at,
            ended_by = case e.type when 'LeaseExpired' then 'expired' else 'released' end
        from event e
        where not e.pulse and e.position between first and last and e.type in ('SessionReleased', 'LeaseExpired')
          and ((e.data ->> 'token')::bigint & ((1::bigint << 40) - 1)) < first
          and o.session = e.data ->> 'session' and o.token = (e.data ->> 'token')::bigint;
    end if;

    if types && '{SessionClaimed}' then
        -- Where statements are planned for their range (apply.sql), so is the check of the foreign key, for each row anew. It waits until the
        -- rows are there, and is then planned once. (`verify` makes this table without its constraints.)
        if current_setting('plan_cache_mode') = 'force_custom_plan' then
            checks_later := exists (select from pg_constraint
                                    where conrelid = to_regclass('ownership') and conname = 'ownership_follows_one_that_ended');
        end if;
        if checks_later then
            set constraints ownership_follows_one_that_ended deferred;
        end if;
        insert into ownership (session, token, previous_token, previous_ended, pod, incarnation, registration, claimed_by, ttl_ms, revision,
                               units, during, since, until, ended_by)
        select c.data ->> 'session', c.token, coalesce(c.previous_token, before.token),
               case when c.previous_token is null then before.ended else c.previous_ended end,
               c.data ->> 'pod', c.data ->> 'incarnation', (c.data ->> 'registration')::integer, c.data ->> 'kind',
               (c.data ->> 'ttl_ms')::bigint, (c.data ->> 'revision')::integer, (c.data ->> 'units')::bigint,
               int8range(c.position, c.ended), c.recorded_at, c.until,
               case c.ended_as when 'LeaseExpired' then 'expired' when 'SessionReleased' then 'released' end
        from (
            -- What follows a claim of a session is its end, and what comes before it is the end of the one before. (To join claims with
            -- ends, the planner would have to know how many there are, and in a range that is just being appended it takes them for one.)
            select *, lead(position) over life as ended, lead(recorded_at) over life as until, lead(type) over life as ended_as,
                   lag(token) over life as previous_token, lag(position) over life as previous_ended
            from (select position, recorded_at, type, stream, case type when 'SessionClaimed' then data end as data,
                         case type when 'SessionClaimed' then (epoch::bigint << 40) | position else (data ->> 'token')::bigint end as token
                  from event
                  where not pulse and position between first and last and type in ('SessionClaimed', 'SessionReleased', 'LeaseExpired')) e
            -- In the order of bytes, which takes less time than that of a language.
            window life as (partition by stream collate "C" order by position)
        ) c
        -- The last of those before this range, where neither it nor its end is in the range.
        left join lateral (select o.token, o.ended from ownership o
                           where c.previous_token is null and o.session = c.data ->> 'session' order by o.token desc limit 1) before on true
        where c.type = 'SessionClaimed';
        if checks_later then
            perform set_config('plan_cache_mode', 'auto', true);
            set constraints ownership_follows_one_that_ended immediate;
            perform set_config('plan_cache_mode', 'force_custom_plan', true);
        end if;
    end if;
end
$$;
