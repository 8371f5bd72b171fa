select position, epoch, id, type, schema_version, recorded_at, actor, request_id, cause, data
from event
where not pulse and position <= $1
order by position
