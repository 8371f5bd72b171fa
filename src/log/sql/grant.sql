-- What the application may do: read everything, and append. Run after every migration, because new objects need it too and a
-- restored database may stand in a cluster that has no such role yet.
do $$
begin
    if to_regrole('conncentric_application') is null then
        create role conncentric_application nologin;
    end if;
exception
    when insufficient_privilege then
        raise notice 'no role conncentric_application: this user may not create roles, so orchestrators connect as the owner';
    when duplicate_object or unique_violation then
        null;
end
$$;

do $$
begin
    if to_regrole('conncentric_application') is not null then
        grant usage on schema public, projection to conncentric_application;
        grant select on all tables in schema public, projection to conncentric_application;
        grant insert on event to conncentric_application;
    end if;
end
$$;
