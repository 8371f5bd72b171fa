-- Access tokens that open something: only their hashes.

create table access_token (
    access_token text primary key,
    name         text not null,
    role         text not null,
    pod          text,
    hash         text not null,
    created_at   timestamptz not null,
    created_by   text not null
);

create function apply_access_token(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
begin
    if types && '{AccessTokenCreated}' then
        insert into access_token
        select data ->> 'access_token', data ->> 'name', data ->> 'role', data ->> 'pod', data ->> 'hash', recorded_at, actor
        from event
        where not pulse and position between first and last and type = 'AccessTokenCreated';
    end if;

    if types && '{AccessTokenRevoked}' then
        delete from access_token a using event e
        where not e.pulse and e.position between first and last and e.type = 'AccessTokenRevoked' and a.access_token = e.data ->> 'access_token';
    end if;
end
$$;
