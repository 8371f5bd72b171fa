select lock_head()
