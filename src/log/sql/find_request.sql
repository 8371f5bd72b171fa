select position, epoch, id, type, schema_version, recorded_at, actor, request_id, cause, data, registrations, sequences
from event
where not pulse and request_id = $1
order by position
