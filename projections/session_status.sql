-- How each session fared under each token: a row for whatever was said of it after the claim, at the position where that was said. The
-- status at a position is the last one before it, CLAIMING if there is none; whose it was, and for how long, stands in `ownership`.

create table session_status (
    token                  bigint not null,
    position               bigint not null,
    -- Nothing in an order to move, which leaves the status alone.
    status                 text,
    reason                 text,
    -- The order to move, which holds until the ownership ends or another one follows.
    moving_to              text,
    moving_to_registration integer,
    primary key (token, position)
);
-- Orders are few, and a life may be long.
create index session_status_ordered on session_status (token, position) where status is null;

-- The row of each event. It depends on no other event, so `verify` looks at this instead of making the table once more.
create view session_status_entry as
select (data ->> 'token')::bigint as token, position, data ->> 'status' as status, data ->> 'reason' as reason, data ->> 'to' as moving_to,
       (data ->> 'to_registration')::integer as moving_to_registration
from event
where not pulse and type in ('SessionStatusChanged', 'SessionMoveOrdered');

create function apply_session_status(first bigint, last bigint) returns void
language plpgsql as $$
begin
    insert into session_status select * from session_status_entry where position between first and last;
end
$$;
