-- Every version of every artifact, and during which positions it was there to be named.

create table artifact_version (
    artifact   text not null,
    version    integer not null,
    sha256     bytea not null,
    size       bigint not null,
    media_type text,
    during     int8range not null check (not isempty(during)),
    stored_at  timestamptz not null,
    stored_by  text not null,
    primary key (artifact, version)
);

create function apply_artifact_version(first bigint, last bigint) returns void
language plpgsql as $$
begin
    -- A deletion ends all versions before it. What comes after it under the same name is another artifact with higher numbers.
    with deletion as (
        select data ->> 'artifact' as artifact, min(position) as position
        from event
        where not pulse and position between first and last and type = 'ArtifactDeleted'
        group by data ->> 'artifact'
    )
    update artifact_version v
    set during = int8range(lower(v.during), d.position)
    from deletion d
    where v.artifact = d.artifact and upper_inf(v.during);

    insert into artifact_version
    select e.data ->> 'artifact', (e.data ->> 'version')::integer, decode(e.data ->> 'sha256', 'hex'), (e.data ->> 'size')::bigint,
           e.data ->> 'media_type',
           int8range(e.position, (select min(d.position) from event d
                                  where not d.pulse and d.position between e.position and last and d.type = 'ArtifactDeleted'
                                    and d.data ->> 'artifact' = e.data ->> 'artifact')),
           e.recorded_at, e.actor
    from event e
    where not e.pulse and e.position between first and last and e.type = 'ArtifactStored';
end
$$;
