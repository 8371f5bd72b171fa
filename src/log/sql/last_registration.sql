select coalesce(max((data ->> 'registration')::integer), 0) from event where not pulse and type = 'PodRegistered'
