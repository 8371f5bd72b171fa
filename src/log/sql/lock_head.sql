select lock_head() as position
