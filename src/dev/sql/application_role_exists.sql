SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'conncentric_app')
