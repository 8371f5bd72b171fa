select position, pulse, epoch, type, schema_version, stream, recorded_at, id, actor, request_id, cause, data::text, hash, registrations
from event
order by position
