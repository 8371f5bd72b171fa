-- Actions that were ordered of sessions, and what became of them. The id of an action is the position of its order.

create table action (
    position          bigint primary key,
    session           text not null,
    token             bigint not null,
    action            text not null,
    parameters        jsonb not null,
    ordered_at        timestamptz not null,
    ordered_by        text not null,
    state             text not null check (state in ('ordered', 'received', 'done', 'failed', 'abandoned')),
    message           text,
    answered_at       timestamptz,
    received_position bigint,
    -- Of the last answer, or of the end of the ownership that it was for.
    ended_position    bigint,
    check ((ended_position is null) = (state in ('ordered', 'received')))
);
create index action_session on action (session, position);
create index action_open on action (token) where ended_position is null;

create function apply_action(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
begin
    if types && '{ActionOrdered}' then
        insert into action (position, session, token, action, parameters, ordered_at, ordered_by, state)
        select e.position, e.data ->> 'session', (e.data ->> 'token')::bigint, e.data ->> 'action', e.data -> 'parameters', e.recorded_at, e.actor, 'ordered'
        from event e
        where not e.pulse and e.position between first and last and e.type = 'ActionOrdered';
    end if;

    if types && '{ActionAnswered}' then
        update action a
        set state = 'received', message = e.data ->> 'message', answered_at = e.recorded_at, received_position = e.position
        from event e
        where not e.pulse and e.position between first and last and e.type = 'ActionAnswered' and e.data ->> 'state' = 'received'
          and a.position = (e.data ->> 'action')::bigint;

        update action a
        set state = e.data ->> 'state', message = e.data ->> 'message', answered_at = e.recorded_at, ended_position = e.position
        from event e
        where not e.pulse and e.position between first and last and e.type = 'ActionAnswered' and e.data ->> 'state' <> 'received'
          and a.position = (e.data ->> 'action')::bigint;
    end if;

    -- What the end of an ownership leaves without an answer. Nearly always nothing waits for one.
    if types && '{SessionReleased,LeaseExpired}' and exists (select from action where ended_position is null) then
        update action a
        set state = 'abandoned', message = null, answered_at = e.recorded_at, ended_position = e.position
        from event e
        where not e.pulse and e.position between first and last and e.type in ('SessionReleased', 'LeaseExpired')
          and a.ended_position is null and a.token = (e.data ->> 'token')::bigint;
    end if;
end
$$;
