select position, adapter, session, recorded_at, level, category, description,
       details || jsonb_build_object('actor', actor) as details
from projection.adapter_log
where adapter = $1
  and ($2::bigint is null or position < $2)
  and ($3::text is null or session = $3)
  and ($4::text is null or level = $4)
  and ($5::text is null or category = $5)
order by position desc
limit $6
