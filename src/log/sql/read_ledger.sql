select position, epoch, id, type, schema_version, stream, recorded_at, actor, request_id, cause, data::text as data, hash
from event
where not pulse and position > $1
order by position
limit $2
