// Pods: who is there, what they hold, and how to empty one.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { post } from "../api/client";
import { usePods } from "../api/queries";
import type { Pod } from "../api/types";
import { cli, curl, flag } from "../logic/commands";
import { ago } from "../logic/when";
import { Reason, reasonOf } from "../parts/ask";
import { PodBadge } from "../parts/badges";
import { CopyLines } from "../parts/copy-lines";
import { Answers, Dialog } from "../parts/dialog";
import { Heads } from "../parts/heads";
import { Heartbeats } from "../parts/heartbeats";
import { Go } from "../parts/link";
import { watchOperation } from "../parts/operations";
import { PageHead } from "../parts/page";
import { useSeen } from "../parts/seen";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

export function PodsPage() {
  const pods = usePods();
  const at = useAt();
  const may = useMay();
  const [draining, drain] = useState<Pod | null>(null);
  if (pods.data === undefined) return pods.error ? <Failure error={pods.error} retry={() => void pods.refetch()} /> : <Loading what="pods" />;
  return (
    <>
      <PageHead title="Pods">
        <p className="quiet">{pods.data.length}</p>
      </PageHead>
      <Outdated error={pods.error} />
      {pods.data.length === 0 ? (
        <Empty title={at === null ? "No pod is registered." : "No pod was registered then."}>
          <p className="quiet">
            <code>conncentric adapter --orchestrator {location.origin} --pod pod-1 --token-file pod-1.token</code> starts one.
          </p>
        </Empty>
      ) : (
        <div className="cards">
          {pods.data.map((pod) => (
            <PodCard key={pod.registration} pod={pod} drain={may.operate ? () => drain(pod) : null} />
          ))}
        </div>
      )}
      {draining !== null && <AskDrain pod={draining} close={() => drain(null)} />}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("get", "pods", ...flag("--at", at)) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/pods", { query: { at } }) },
        ]}
      />
    </>
  );
}

function PodCard({ pod, drain }: { pod: Pod; drain: (() => void) | null }) {
  const card = useRef<HTMLElement>(null);
  const seen = useSeen(card);
  const labels = Object.entries(pod.labels).map(([name, value]) => `${name}=${value}`);
  return (
    <section ref={card} className="card pod" aria-label={pod.pod}>
      <div className="pod-head">
        <h2>{pod.pod}</h2>
        <PodBadge status={pod.status} />
        {drain !== null && pod.status !== "SUPERSEDED" && (pod.status === "DRAINING" ? <Undrain pod={pod.pod} /> : <button type="button" onClick={drain}>Drain {pod.pod}</button>)}
      </div>
      <dl>
        <dt>Last heartbeat</dt>
        <dd>{pod.last_heartbeat_ms_ago == null ? "–" : ago(pod.last_heartbeat_ms_ago)}</dd>
        {pod.status !== "SUPERSEDED" && <Heartbeats pod={pod.pod} seen={seen} />}
        <dt>Capacity</dt>
        <dd>
          <meter min={0} max={Math.max(1, pod.capacity)} value={pod.used} aria-label={`${pod.used} of ${pod.capacity} used`} /> {pod.used} of {pod.capacity}
        </dd>
        <dt>Sessions</dt>
        <dd className="sessions">{pod.sessions.length === 0 ? "none" : <Sessions all={pod.sessions} pod={pod.pod} />}</dd>
        <dt>Labels</dt>
        <dd>{labels.length === 0 ? "none" : labels.join(", ")}</dd>
        <dt>Connectors</dt>
        <dd>{pod.connectors.join(", ")}</dd>
        <dt>Since</dt>
        <dd>
          <When time={pod.registered_at} /> <span className="quiet small number">{pod.incarnation.slice(0, 8)}</span>
        </dd>
      </dl>
    </section>
  );
}

const SHOWN = 12;

function Sessions({ all, pod }: { all: readonly string[]; pod: string }) {
  return (
    <>
      {all.slice(0, SHOWN).join(", ")}
      {all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ""}{" "}
      <Go to="/adapters" query={{ pod }}>
        Show their adapters
      </Go>
    </>
  );
}

function Undrain({ pod }: { pod: string }) {
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => post("/v1/pods/{pod}/undrain", { path: { pod } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["pods", null] }),
  });
  return (
    <>
      <button type="button" onClick={() => send.mutate()} disabled={send.isPending}>
        Undrain {pod}
      </button>
      {send.error && (
        <span role="alert" className="problem">
          {send.error.message}
        </span>
      )}
    </>
  );
}

function AskDrain({ pod, close }: { pod: Pod; close: () => void }) {
  const preview = useQuery({
    queryKey: ["preview", pod.pod],
    queryFn: () => post("/v1/pods/{pod}/drain", { path: { pod: pod.pod }, body: { dry_run: true } }),
    gcTime: 0,
    staleTime: 0,
  });
  const send = useMutation({
    mutationFn: (reason: string | null) => post("/v1/pods/{pod}/drain", { path: { pod: pod.pod }, body: reason === null ? {} : { reason } }),
    onSuccess: () => {
      watchOperation({ kind: "drain", pod: pod.pod, sessions: pod.sessions });
      close();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    send.mutate(reasonOf(event.currentTarget));
  };
  return (
    <Dialog title={`Drain ${pod.pod}?`} close={close}>
      <form onSubmit={submit}>
        <p className="quiet">It hands over all its sessions and gets no new ones. What no other pod has room for stays until there is some.</p>
        {preview.isPending && <p role="status">Finding out where its sessions would go…</p>}
        {preview.error && <p className="problem">{preview.error.message}</p>}
        {preview.data && (
          <div className="preview" role="region" aria-label="Where its sessions would go" tabIndex={0}>
            <table>
              <Heads titles={["Session", "Goes to"]} />
              <tbody>
                {preview.data.handovers.map((handover) => (
                  <tr key={handover.session}>
                    <td>{handover.session}</td>
                    <td>{handover.to ?? `stays: ${handover.reason ?? "no other pod has room"}`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {preview.data.handovers.length === 0 && <p className="quiet">It holds none.</p>}
          </div>
        )}
        <Reason />
        <Answers problem={send.error} busy={send.isPending} confirm="Drain" close={close} />
      </form>
    </Dialog>
  );
}
