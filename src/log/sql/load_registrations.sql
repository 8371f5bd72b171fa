select registration, pod, incarnation, state, capacity, labels, connectors, access_token, registered_at, former from projection.registration
