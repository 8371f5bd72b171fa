-- Compares tables of two schemas row by row: those of these names, or with `beside` all but these. Made in the scratch schema, so that
-- a database cannot bring its own. There a projection may be a view.
--
-- One row a table. Nearly always the tables are equal, and then so are the sums of their rows' hashes, which costs far less than to
-- match the rows. The hashes depend on a number that nobody knows beforehand, so nobody can make rows that are missed. Where the sums
-- differ, rows are matched by the rebuilt table's primary key; a table without one is compared as a bag.
create or replace function first_differences(live name, rebuilt name, names text[], beside boolean)
returns table (table_name text, row_count bigint, problem text, key jsonb, live_row jsonb, rebuilt_row jsonb)
language plpgsql as $$
declare
    item        record;
    key_columns text;
    live_count  bigint;
    live_sum    numeric;
    rebuilt_sum numeric;
    seed        constant bigint := (random() * 9007199254740991)::bigint;
begin
    for item in
        select relname, l.oid as live_oid, r.oid as rebuilt_oid, r.relkind as kind
        from (select relname, oid from pg_class where relkind = 'r' and relnamespace = to_regnamespace(live)) l
        full join (select relname, relkind, oid from pg_class
                   where relkind in ('r', 'v') and relnamespace = to_regnamespace(rebuilt)) r using (relname)
        where (relname = any (names)) <> beside
        order by relname
    loop
        table_name := item.relname;
        row_count := 0;
        problem := null; key := null; live_row := null; rebuilt_row := null;
        if item.live_oid is null or item.rebuilt_oid is null then
            problem := case when item.live_oid is null then 'the table is missing' else 'there is no such projection' end;
            return next;
            continue;
        end if;
        execute format('select count(*), sum(hash_record_extended(r, $1)) from %s r', item.rebuilt_oid::regclass)
            into row_count, rebuilt_sum using seed;
        execute format('select count(*), sum(hash_record_extended(l, $1)) from %s l', item.live_oid::regclass)
            into live_count, live_sum using seed;
        if live_count = row_count and live_sum is not distinct from rebuilt_sum then
            return next;
            continue;
        end if;
        select string_agg(quote_ident(a.attname), ', ' order by array_position(i.indkey::smallint[], a.attnum)) into key_columns
        from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
        where i.indrelid = item.rebuilt_oid and i.indisprimary;
        -- The rows of a view are events.
        if item.kind = 'v' then
            key_columns := 'position';
        end if;
        if key_columns is null then
            execute format('(select to_jsonb(l), null::jsonb from (table %1$s except all table %2$s) l limit 1)
                            union all (select null, to_jsonb(r) from (table %2$s except all table %1$s) r limit 1) limit 1',
                           item.live_oid::regclass, item.rebuilt_oid::regclass) into live_row, rebuilt_row;
        else
            execute format('select to_jsonb((select k from (select %3$s) k)), to_jsonb(l), to_jsonb(r)
                            from %1$s l full join %2$s r using (%3$s) where l is distinct from r order by %3$s limit 1',
                           item.live_oid::regclass, item.rebuilt_oid::regclass, key_columns) into key, live_row, rebuilt_row;
        end if;
        if live_row is not null or rebuilt_row is not null then
            problem := case when live_row is null then 'the row is missing' when rebuilt_row is null then 'the row should not be there'
                            else 'the row differs' end;
        elsif live_count <> row_count then
            problem := format('there are %s rows, and %s are right', live_count, row_count);
        end if;
        return next;
    end loop;
end
$$;
