select position, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause,
       coalesce(data, jsonb_build_object('registrations', registrations, 'sequences', sequences)) as data, encode(hash, 'hex') as hash
from event
where ($1::bigint is null or position > $1)
  and ($2::bigint is null or position < $2)
  and ($3::text is null or type = $3)
  and ($4::text is null or stream = $4)
  and ($5::text is null or actor = $5)
  and ($6::timestamptz is null or recorded_at >= $6)
  and ($7::timestamptz is null or recorded_at < $7)
  -- Times never go backwards, so what is too late begins with a position. Without it all of that would be read to be left out.
  and ($7::timestamptz is null or position < coalesce((select e.position from event e where not e.pulse and e.recorded_at >= $7
                                                       order by e.recorded_at, e.position limit 1), 9223372036854775807))
  and ($9 or not pulse)
order by position desc
limit $8
