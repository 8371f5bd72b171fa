-- Run right after the projections were made, empty, in a scratch schema that is first in the search path. Nobody needs their
-- tables after a crash, so the log of the server is spared them. Two owners at a time are looked for in Rust, so the constraints
-- that would make sure of it are left out: they are most of the cost.
do $$
declare
    item record;
begin
    for item in
        select conrelid::regclass as relation, conname from pg_constraint
        where connamespace = current_schema()::regnamespace and contype in ('x', 'f')
    loop
        execute format('alter table %s drop constraint %I', item.relation, item.conname);
    end loop;
    for item in select oid::regclass as relation from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' loop
        execute format('alter table %s set unlogged', item.relation);
    end loop;
end
$$;
