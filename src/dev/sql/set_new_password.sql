-- Utility statements take no parameters, so the password travels in a setting of the session.
SELECT set_config('conncentric_dev.password', $1, false)
