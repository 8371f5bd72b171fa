// Moving sessions to a pod that somebody chooses: one, or many at once. Each is judged by itself, so some may be refused.

import { useId, useState } from "react";
import { post } from "../api/client";
import { usePods } from "../api/queries";
import type { Pod, Session } from "../api/types";
import { AskEach, count, type Sent, sendToEach } from "./ask-each";
import { watchOperation } from "./operations";

async function moveAll(sessions: readonly string[], to: string): Promise<Sent> {
  const sent = await sendToEach(sessions, (path) => post("/v1/sessions/{adapter}/{ordinal}/move", { path, body: { to } }));
  if (sent.accepted.length > 0) watchOperation({ kind: "move", sessions: sent.accepted, to });
  return sent;
}

export function AskMove({ sessions, close }: { sessions: readonly Session[]; close: (sent: boolean) => void }) {
  const pods = usePods();
  const [to, setTo] = useState("");
  const field = useId();
  const others = (pods.data ?? []).filter((pod) => pod.status !== "SUPERSEDED" && sessions.some((session) => session.owner?.pod !== pod.pod));
  const meant = sessions.filter((session) => session.owner?.pod !== to).map((session) => session.session);
  return (
    <AskEach
      verb="Move"
      nothing="Nothing was moved."
      sessions={sessions}
      deed="closes the session first; then it starts on the other pod, without waiting for any lease to run out."
      send={() => moveAll(meant, to)}
      disabled={to === "" || meant.length === 0}
      close={close}
    >
      <label htmlFor={field}>To</label>
      <PodChoice id={field} pods={others} value={to} change={setTo} />
      {to !== "" && meant.length < sessions.length && <p className="quiet">{count(sessions.length - meant.length)} of them {sessions.length - meant.length === 1 ? "is" : "are"} there already.</p>}
    </AskEach>
  );
}

function PodChoice({ id, pods, value, change }: { id: string; pods: readonly Pod[]; value: string; change: (pod: string) => void }) {
  return (
    <select id={id} value={value} onChange={(event) => change(event.target.value)} required>
      <option value="">Choose a pod</option>
      {pods.map((pod) => (
        <option key={pod.registration} value={pod.pod}>
          {pod.pod} – {pod.status.toLowerCase()}, {pod.used} of {pod.capacity} used
        </option>
      ))}
    </select>
  );
}
