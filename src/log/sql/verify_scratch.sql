-- Made right after the projections were made, empty, in a scratch schema that is first in the search path.

-- Empties the function that applies to a projection.
create or replace function apply_nothing(name text) returns void
language plpgsql as $$
declare
    routine record;
begin
    for routine in
        select pg_get_function_arguments(oid) as arguments from pg_proc
        where proname = name and pronamespace = current_schema()::regnamespace
    loop
        execute format('create or replace function %I(%s) returns void language sql as $body$ select $body$', name, routine.arguments);
    end loop;
end
$$;

-- Leaves only the projections of these names, or with `beside` all but these, the others being made elsewhere, and of them only what
-- it takes to make the rows.
create or replace function prepare_projections(names text[], beside boolean) returns void
language plpgsql as $$
declare
    item record;
begin
    for item in
        select relname from pg_class
        where relnamespace = current_schema()::regnamespace and relkind = 'r' and (relname = any (names)) = beside
    loop
        -- Indexes of one projection on another go with it.
        execute format('drop table %I cascade', item.relname);
        execute format('drop view if exists %I', item.relname || '_entry');
        perform apply_nothing('apply_' || item.relname);
    end loop;
    -- Every row is compared with a live one and two owners at a time are looked for in Rust, so whatever else makes sure of the
    -- rows is left out. Foreign keys first: they depend on what they refer to.
    for item in
        select conrelid::regclass as relation, conname from pg_constraint
        where connamespace = current_schema()::regnamespace and conrelid <> 0 and contype in ('x', 'f', 'c', 'u')
        order by contype = 'f' desc, conname
    loop
        execute format('alter table %s drop constraint %I', item.relation, item.conname);
    end loop;
    -- Indexes for readers cost more than the rows: those over ranges, and those that only make sure of what Rust makes sure of.
    for item in
        select indexrelid::regclass as index
        from pg_index
        join pg_class on pg_class.oid = indexrelid and relnamespace = current_schema()::regnamespace
        join pg_am on pg_am.oid = relam
        where amname = 'gist' or indisunique and not indisprimary
    loop
        execute format('drop index %s', item.index);
    end loop;
    -- A projection whose rows come of one event each brings a view of them, and that takes the table's place: nothing is built.
    for item in
        select relname as view, regexp_replace(relname, '_entry$', '') as name
        from pg_class
        where relnamespace = current_schema()::regnamespace and relkind = 'v' and relname like '%\_entry'
    loop
        execute format('drop table %I', item.name);
        execute format('alter view %I rename to %I', item.view, item.name);
        perform apply_nothing('apply_' || item.name);
    end loop;
    -- Nobody needs these tables after a crash, so the write-ahead log is spared them.
    for item in select oid::regclass as relation from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' loop
        execute format('alter table %s set unlogged', item.relation);
    end loop;
end
$$;
