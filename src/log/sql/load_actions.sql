select position, session, action, parameters, state = 'received' as received from projection.action where ended_position is null
