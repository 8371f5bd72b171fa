select registration, pod, incarnation, state, capacity, labels, connectors, platform, access_token, registered_at, '{}'::text[] as former
from projection.registration_history
where during @> $1::bigint
