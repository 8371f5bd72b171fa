select position, session, action, parameters, coalesce(received_position <= $1::bigint, false) as received
from projection.action
where position <= $1::bigint and (ended_position is null or ended_position > $1::bigint)
