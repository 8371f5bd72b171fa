-- Registrations: the current one of each pod name, and superseded ones that still hold leases.

create table registration (
    registration  integer primary key,
    pod           text not null,
    incarnation   text not null,
    state         text not null check (state in ('ready', 'draining', 'superseded')),
    capacity      bigint not null,
    labels        jsonb not null,
    connectors    jsonb not null,
    platform      text,
    access_token  text not null,
    registered_at timestamptz not null,
    -- Incarnations of this name that were superseded, oldest first, at most 16.
    former        text[] not null
);
create unique index registration_current on registration (pod) where state <> 'superseded';

create function apply_registration(first bigint, last bigint, types text[]) returns void
language plpgsql as $$
declare
    -- Whom the newcomers of this range supersede, as they were: what happened before the range may be sealed.
    superseded registration[];
begin
    if types && '{PodRegistered}' then
        superseded := array(
            select r from registration r
            where r.state <> 'superseded'
              and exists (select from event e where not e.pulse and e.position between first and last and e.type = 'PodRegistered'
                          and e.stream = 'pod:' || r.pod));

        -- Lost and left pods are forgotten, and so is every registration that a newer one of its name supersedes, unless it still
        -- holds leases.
        update registration r
        set state = 'superseded', former = '{}'
        where r.state <> 'superseded'
          and exists (select from event e where not e.pulse and e.position between first and last and e.type = 'PodRegistered'
                      and e.stream = 'pod:' || r.pod and (e.data ->> 'registration')::integer > r.registration);

        insert into registration
        select (e.data ->> 'registration')::integer, e.data ->> 'pod', e.data ->> 'incarnation',
               case when exists (select from event n where not n.pulse and n.position between e.position + 1 and last
                                 and n.type = 'PodRegistered' and n.stream = e.stream) then 'superseded' else 'ready' end,
               (e.data ->> 'capacity')::bigint, e.data -> 'labels', e.data -> 'connectors', e.data ->> 'platform',
               e.data ->> 'access_token', e.recorded_at, '{}'
        from event e
        where not e.pulse and e.position between first and last and e.type = 'PodRegistered';

        update registration r
        set former = former_incarnations(r.pod, r.registration, first, last,
                                          case when b.registration is not null then b.former || b.incarnation end)
        from event e
        left join unnest(superseded) b on e.stream = 'pod:' || b.pod
        where not e.pulse and e.position between first and last and e.type = 'PodRegistered'
          and r.registration = (e.data ->> 'registration')::integer and r.state <> 'superseded';
    end if;

    if types && '{PodDrained,PodResumed}' then
        update registration r
        set state = case e.type when 'PodDrained' then 'draining' else 'ready' end
        from (select distinct on (data ->> 'registration') type, (data ->> 'registration')::integer as registration from event
              where not pulse and position between first and last and type in ('PodDrained', 'PodResumed')
              order by data ->> 'registration', position desc) e
        where r.registration = e.registration and r.state <> 'superseded';
    end if;

    if types && '{PodLost,PodLeft}' then
        delete from registration r using event e
        where not e.pulse and e.position between first and last and e.type in ('PodLost', 'PodLeft')
          and r.registration = (e.data ->> 'registration')::integer;
    end if;

    if types && '{PodRegistered,SessionReleased,LeaseExpired}' then
        delete from registration r
        where r.state = 'superseded' and not exists (select from ownership o where o.registration = r.registration and o.ended is null);
    end if;
end
$$;

-- The incarnations that a name had since it was last lost or left, before a registration of this range: those that were `known` before
-- the range, unless the name was lost or left since, and those of the range.
create function former_incarnations(of_pod text, before integer, first bigint, last bigint, known text[]) returns text[]
language sql stable set search_path from current
begin atomic
    with life as (
        select position, type, data ->> 'incarnation' as incarnation from event
        where not pulse and position between first and last and stream = 'pod:' || of_pod
          and type in ('PodRegistered', 'PodLost', 'PodLeft') and (data ->> 'registration')::integer < before
    ),
    ended as (select max(position) as position from life where type <> 'PodRegistered'),
    every as (
        select case when ended.position is null then coalesce(known, '{}') else '{}' end
               || coalesce((select array_agg(incarnation order by life.position) from life
                            where type = 'PodRegistered' and life.position > coalesce(ended.position, 0)), '{}') as incarnations
        from ended
    )
    select incarnations[greatest(cardinality(incarnations) - 15, 1):] from every;
end;
