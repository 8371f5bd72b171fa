-- Applies a range of the ledger to every projection that it concerns. Called by append() inside its transaction, and over
-- the whole log by a rebuild: any way of cutting the log into ranges gives the same rows.

create function apply(first bigint, last bigint) returns void
language plpgsql set search_path from current as $$
declare
    streams constant text[] := array(select distinct split_part(e.stream, ':', 1) from event e
                                     where not e.pulse and e.position between first and last);
begin
    if 'adapter' = any (streams) then
        perform apply_adapter(first, last);
        perform apply_adapter_history(first, last);
    end if;
    if streams && '{adapter,session}' then
        perform apply_session(first, last);
        perform apply_adapter_log(first, last);
    end if;
    if 'session' = any (streams) then
        perform apply_ownership(first, last);
        perform apply_session_status(first, last);
    end if;
    -- After the sessions and ownerships: a superseded registration is remembered for as long as one of them names it.
    if streams && '{pod,session}' then
        perform apply_registration(first, last);
        perform apply_registration_history(first, last);
    end if;
    if 'access-token' = any (streams) then
        perform apply_access_token(first, last);
    end if;
    if 'fleet' = any (streams) then
        perform apply_ledger_archive(first, last);
    end if;
end
$$;
