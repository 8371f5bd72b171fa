// Moving sessions to a pod that somebody chooses: one, or many at once. Each is judged by itself, so some may be refused.

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { post } from "../api/client";
import { usePods } from "../api/queries";
import type { Pod, Session } from "../api/types";
import { eachOf } from "../logic/each";
import { Names } from "./ask";
import { Answers, Dialog } from "./dialog";
import { watchOperation } from "./operations";

/** Requests that are on their way at the same time. A browser has six connections to a server, and the stream takes one. */
const AT_ONCE = 4;

interface Refused {
  session: string;
  reason: string;
}

function order(session: string, to: string) {
  const [adapter = "", ordinal = ""] = session.split("/");
  return post("/v1/sessions/{adapter}/{ordinal}/move", { path: { adapter, ordinal }, body: { to } });
}

/** Sends one order each, and says which were refused. */
async function moveAll(sessions: readonly string[], to: string): Promise<Refused[]> {
  const outcomes = await eachOf(sessions, AT_ONCE, async (session): Promise<Refused | null> => {
    try {
      await order(session, to);
      return null;
    } catch (error) {
      return { session, reason: error instanceof Error ? error.message : String(error) };
    }
  });
  const refused = outcomes.filter((outcome) => outcome !== null);
  const gone = new Set(refused.map(({ session }) => session));
  const accepted = sessions.filter((session) => !gone.has(session));
  if (accepted.length > 0) watchOperation({ kind: "move", sessions: accepted, to });
  return refused;
}

const count = (sessions: number): string => (sessions === 1 ? "1 session" : `${sessions} sessions`);

export function AskMove({ sessions, close }: { sessions: readonly Session[]; close: (sent: boolean) => void }) {
  const pods = usePods();
  const [to, setTo] = useState("");
  const field = useId();
  const [one] = sessions;
  const single = sessions.length === 1 && one !== undefined;
  const others = (pods.data ?? []).filter((pod) => pod.status !== "SUPERSEDED" && sessions.some((session) => session.owner?.pod !== pod.pod));
  const meant = sessions.filter((session) => session.owner?.pod !== to).map((session) => session.session);
  const send = useMutation({
    mutationFn: () => moveAll(meant, to),
    onSuccess: (refused) => {
      if (refused.length === 0) close(true);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  const title = single ? `Move ${one.session}?` : `Move ${count(sessions.length)}?`;
  if (send.data !== undefined && send.data.length > 0) return <Refusals title={title} refused={send.data} all={meant.length} close={() => close(true)} />;
  return (
    <Dialog title={title} close={() => close(false)}>
      <form onSubmit={submit}>
        {!single && <Names names={sessions.map((session) => session.session)} />}
        <p className="quiet">
          {single ? (one.owner?.pod ?? "The owner") : "Each owner"} closes the session first; then it starts on the other pod, without waiting for any lease to run out.
        </p>
        <label htmlFor={field}>To</label>
        <PodChoice id={field} pods={others} value={to} change={setTo} />
        {to !== "" && meant.length < sessions.length && <p className="quiet">{count(sessions.length - meant.length)} of them {sessions.length - meant.length === 1 ? "is" : "are"} there already.</p>}
        <Answers problem={send.error} busy={send.isPending} confirm="Move" close={() => close(false)} disabled={to === "" || meant.length === 0} />
      </form>
    </Dialog>
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

/** What could not be moved, and why. The rest is on its way. */
function Refusals({ title, refused, all, close }: { title: string; refused: readonly Refused[]; all: number; close: () => void }) {
  return (
    <Dialog title={title} close={close}>
      <p role="alert" className="problem">
        {refused.length === all ? "Nothing was moved." : `${count(all - refused.length)} on the way, ${refused.length} refused:`}
      </p>
      <ul className="plain-list preview" tabIndex={0} aria-label="Refused">
        {refused.map(({ session, reason }) => (
          <li key={session}>
            <strong>{session}</strong> <span className="quiet">{reason}</span>
          </li>
        ))}
      </ul>
      <div className="answers">
        <button type="button" className="primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
