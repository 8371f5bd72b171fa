select artifact, version, sha256, size, media_type, stored_at, stored_by, true as is_there
from projection.artifact_version
where during @> $1::bigint
order by artifact, version
