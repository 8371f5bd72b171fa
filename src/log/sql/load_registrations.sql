select registration, pod, incarnation, state, capacity, labels, connectors, platform, access_token, registered_at, former from projection.registration
