select session, token, previous_token, pod, incarnation, registration, claimed_by, lower(during), upper(during), since, until, ended_by
from projection.ownership
