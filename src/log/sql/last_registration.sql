select coalesce(max(registration), 0) from projection.registration_history
