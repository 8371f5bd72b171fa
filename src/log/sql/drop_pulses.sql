select drop_pulses($1)
