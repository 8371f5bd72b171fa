select adapter, revision, spec, enabled, state_reason, changed_at from projection.adapter
