select artifact, version, sha256, size, media_type, stored_at, stored_by, upper_inf(during) as is_there
from projection.artifact_version
order by artifact, version
