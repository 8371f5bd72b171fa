-- Applies a range of the ledger to every projection that it concerns. Called by append() inside its transaction, and over
-- the whole log by a rebuild: any way of cutting the log into ranges gives the same rows.
--
-- A statement that finds nothing to do must still be planned, which takes longer than to run it. So what is done for an event is
-- only what its type calls for: most appends are about one session.

create function apply(first bigint, last bigint) returns void
language plpgsql set search_path from current as $$
declare
    adapter_types constant text[] := '{AdapterDeclared,AdapterRevised,AdapterDeleted,AdapterEnabled,AdapterDisabled}';
    session_types constant text[] := '{SessionClaimed,SessionStatusChanged,SessionMoveOrdered,SessionReleased,LeaseExpired}';
    pod_types     constant text[] := '{PodRegistered,PodDrained,PodResumed,PodLost,PodLeft}';
    epoch_types   constant text[] := '{EpochBegan,EpochSettled,LeaseConfirmed}';
    action_types  constant text[] := '{ActionOrdered,ActionAnswered}';
    archive_types constant text[] := '{LedgerSealed,LedgerUnsealed}';
    types         text[] := adapter_types || session_types || pod_types || epoch_types || action_types || archive_types
                            || '{MaintenanceBegan,MaintenanceEnded,SessionLogged,AccessTokenCreated,AccessTokenRevoked,ArtifactStored,ArtifactDeleted,PluginInstalled,PluginRemoved}';
    -- Of type void. To assign it takes a fifth of the time that `perform` takes, which makes a query of the call.
    done          text;
begin
    -- append() has its statements planned once, for few events. Many events at once are worth plans of their own.
    if last - first >= 200 and current_setting('plan_cache_mode') = 'force_generic_plan' then
        perform set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_hashjoin', 'on', true),
                set_config('enable_mergejoin', 'on', true), set_config('enable_seqscan', 'on', true);
    end if;
    -- Many events are of all types.
    if last - first < 10000 then
        types := array(select distinct e.type from event e where not e.pulse and e.position between first and last);
    end if;
    if types && adapter_types then
        done := apply_adapter(first, last, types);
        done := apply_adapter_history(first, last);
        done := apply_adapter_revision(first, last);
    end if;
    if types && (adapter_types || session_types || epoch_types) then
        done := apply_session(first, last, types);
    end if;
    if types && (adapter_types || session_types || action_types || '{SessionLogged}') then
        done := apply_adapter_log(first, last);
    end if;
    if types && session_types then
        done := apply_ownership(first, last, types);
    end if;
    if types && '{SessionStatusChanged,SessionMoveOrdered}' then
        done := apply_session_status(first, last);
    end if;
    if types && (action_types || '{SessionReleased,LeaseExpired}') then
        done := apply_action(first, last, types);
    end if;
    -- After the sessions and ownerships: a superseded registration is remembered for as long as one of them names it.
    if types && (pod_types || session_types) then
        done := apply_registration(first, last, types);
        done := apply_registration_history(first, last, types);
    end if;
    if types && '{MaintenanceBegan,MaintenanceEnded,AdapterEnabled,AdapterDeleted}' then
        done := apply_maintenance(first, last);
    end if;
    if types && epoch_types then
        done := apply_epoch(first, last);
    end if;
    if types && '{AccessTokenCreated,AccessTokenRevoked}' then
        done := apply_access_token(first, last, types);
    end if;
    if types && '{ArtifactStored,ArtifactDeleted}' then
        done := apply_artifact_version(first, last);
    end if;
    if types && '{PluginInstalled,PluginRemoved}' then
        done := apply_plugin_version(first, last);
    end if;
    if types && '{ArtifactStored,PluginInstalled}' then
        done := apply_blob_use(first, last);
    end if;
    if types && archive_types then
        done := apply_ledger_archive(first, last);
    end if;
end
$$;
