select access_token, name, role, pod, hash, created_at, created_by from projection.access_token
