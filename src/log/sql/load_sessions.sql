select session, pod, incarnation, registration, token, ttl_ms, revision, units, since, status, reason, moving_to, moving_to_registration, confirmed,
       preferred, last_token, vacated, vacated_at
from projection.session
