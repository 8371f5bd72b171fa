// One adapter: its sessions and who owned them when, its event log, its settings.

import { lazy, Suspense, useState } from "react";
import { useParams } from "wouter";
import { useAdapter, useSessions } from "../api/queries";
import type { Adapter, Session } from "../api/types";
import { cli, curl, flag } from "../logic/commands";
import { AskSetEnabled } from "../parts/ask";
import { AskMove } from "../parts/ask-move";
import { AdminBadge, RestartPending, StatusBadge } from "../parts/badges";
import { CopyLines } from "../parts/copy-lines";
import { AdapterLog } from "../parts/adapter-log";
import { AskRestart } from "../parts/ask-restart";
import { type Question, SessionsOf } from "../parts/sessions-of";
import { Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

// YAML and the comparison of texts are only needed here, so they are no part of the first load.
const Settings = lazy(() => import("../parts/settings"));
const AskAction = lazy(() => import("../parts/ask-action"));

export function AdapterPage() {
  const { name = "" } = useParams<{ name: string }>();
  const adapter = useAdapter(name);
  const sessions = useSessions();
  const at = useAt();
  const [asking, ask] = useState<{ question: Question; session: Session } | null>(null);
  const answered = () => ask(null);
  if (adapter.data === undefined) {
    return adapter.error ? <Failure error={adapter.error} retry={() => void adapter.refetch()} /> : <Loading what={name} />;
  }
  const own = (sessions.data ?? []).filter((session) => session.adapter === name);
  return (
    <>
      <p className="quiet">
        <Go to="/adapters">Adapters</Go> /
      </p>
      <PageHead title={name}>
        <StatusBadge status={adapter.data.status} />
        {adapter.data.pending_restart && <RestartPending />}
        <AdminBadge state={adapter.data.admin_state} />
        <Switch adapter={adapter.data} />
      </PageHead>
      {adapter.data.reason != null && <p className="reason">{adapter.data.reason}</p>}
      <Outdated error={adapter.error ?? sessions.error} />
      <p className="quiet">
        {adapter.data.mode.replace("_", " ")} · connector {adapter.data.connector} · lease {adapter.data.lease_ttl} · revision {adapter.data.revision}, changed{" "}
        <When time={adapter.data.changed_at} />
      </p>
      <SessionsOf adapter={name} sessions={own} ask={(question, session) => ask({ question, session })} />
      <AdapterLog name={name} sessions={own.map((session) => session.session)} />
      <Suspense fallback={<Loading what="the settings" />}>
        <Settings adapter={adapter.data} />
      </Suspense>
      {asking?.question === "move" && <AskMove sessions={[asking.session]} close={answered} />}
      {asking?.question === "restart" && <AskRestart sessions={[asking.session]} close={answered} />}
      {asking?.question === "action" && (
        <Suspense fallback={null}>
          <AskAction adapter={adapter.data} session={asking.session} close={answered} />
        </Suspense>
      )}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("get", "sessions", name, ...flag("--at", at)) },
          { label: "log", text: cli("get", "log", name) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/adapters/{name}", { path: { name }, query: { at } }) },
        ]}
      />
    </>
  );
}

function Switch({ adapter }: { adapter: Adapter }) {
  const may = useMay();
  const [asking, ask] = useState(false);
  if (!may.operate) return null;
  const kind = adapter.admin_state === "ENABLED" ? "disable" : "enable";
  return (
    <>
      <button type="button" onClick={() => ask(true)}>
        {kind === "disable" ? "Disable" : "Enable"}
      </button>
      {asking && <AskSetEnabled kind={kind} names={[adapter.name]} close={() => ask(false)} />}
    </>
  );
}
