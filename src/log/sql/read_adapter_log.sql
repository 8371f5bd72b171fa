select l.position, l.adapter, l.session, l.recorded_at, l.level, l.category, l.description,
       -- What is sealed is in its archive.
       case when e.position is null then jsonb_build_object('sealed', true) else e.data || jsonb_build_object('actor', e.actor) end as details
from projection.adapter_log l
left join event e on e.position = l.position and not e.pulse
where l.adapter = $1
  and ($2::bigint is null or l.position < $2)
  and ($3::text is null or l.session = $3)
  and ($4::text is null or l.level = $4)
  and ($5::text is null or l.category = $5)
order by l.position desc
limit $6
