-- Every installation of every plugin, and during which positions the plugin was there since.

create table plugin_version (
    plugin       text not null,
    version      text not null,
    sha256       bytea not null,
    size         bigint not null,
    descriptor   jsonb not null,
    platforms    jsonb not null,
    licence      text not null,
    signature    text,
    signed_by    text,
    during       int8range not null check (not isempty(during)),
    installed_at timestamptz not null,
    installed_by text not null
);
create unique index plugin_version_plugin on plugin_version (plugin, lower(during));

create function apply_plugin_version(first bigint, last bigint) returns void
language plpgsql as $$
begin
    -- A removal ends all installations before it.
    with removal as (
        select data ->> 'plugin' as plugin, min(position) as position
        from event
        where not pulse and position between first and last and type = 'PluginRemoved'
        group by data ->> 'plugin'
    )
    update plugin_version v
    set during = int8range(lower(v.during), r.position)
    from removal r
    where v.plugin = r.plugin and upper_inf(v.during);

    insert into plugin_version
    select e.data ->> 'plugin', e.data ->> 'version', decode(e.data ->> 'sha256', 'hex'), (e.data ->> 'size')::bigint,
           e.data -> 'descriptor', e.data -> 'platforms', e.data ->> 'licence', e.data ->> 'signature', e.data ->> 'signed_by',
           int8range(e.position, (select min(r.position) from event r
                                  where not r.pulse and r.position between e.position and last and r.type = 'PluginRemoved'
                                    and r.data ->> 'plugin' = e.data ->> 'plugin')),
           e.recorded_at, e.actor
    from event e
    where not e.pulse and e.position between first and last and e.type = 'PluginInstalled';
end
$$;
