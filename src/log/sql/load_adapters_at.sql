select adapter, revision, spec, enabled, state_reason, since as changed_at
from projection.adapter_history
where during @> $1::bigint
