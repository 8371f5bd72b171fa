// One question, an order for each of many sessions: each is judged by itself, so some may be refused while the others go.

import { useMutation } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import type { Session } from "../api/types";
import { eachOf } from "../logic/each";
import { Names } from "./ask";
import { Answers, Dialog, Farewell } from "./dialog";

/** Requests that are on their way at the same time. A browser has six connections to a server, and the stream takes one. */
const AT_ONCE = 4;

export interface Refused {
  session: string;
  reason: string;
}

export interface Sent {
  accepted: string[];
  refused: Refused[];
}

/** Sends an order for each session. */
export async function sendToEach(sessions: readonly string[], order: (path: { adapter: string; ordinal: string }) => Promise<unknown>): Promise<Sent> {
  const outcomes = await eachOf(sessions, AT_ONCE, async (session): Promise<Refused | null> => {
    const [adapter = "", ordinal = ""] = session.split("/");
    try {
      await order({ adapter, ordinal });
      return null;
    } catch (error) {
      return { session, reason: error instanceof Error ? error.message : String(error) };
    }
  });
  const refused = outcomes.filter((outcome) => outcome !== null);
  const not = new Set(refused.map(({ session }) => session));
  return { accepted: sessions.filter((session) => !not.has(session)), refused };
}

export const count = (sessions: number): string => (sessions === 1 ? "1 session" : `${sessions} sessions`);

interface Question {
  verb: string;
  /** What is said if every session was refused. */
  nothing: string;
  sessions: readonly Session[];
  /** What the owner of each does, as the rest of a sentence. */
  deed: string;
  send: () => Promise<Sent>;
  disabled: boolean;
  close: (sent: boolean) => void;
  children?: ReactNode;
}

/** Asks before an order is sent for each session, and tells what was refused. */
export function AskEach({ verb, nothing, sessions, deed, send, disabled, close, children }: Question) {
  const [one] = sessions;
  const single = sessions.length === 1 && one !== undefined;
  const sending = useMutation({
    mutationFn: send,
    onSuccess: ({ refused }) => {
      if (refused.length === 0) close(true);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate();
  };
  const title = `${verb} ${single ? one.session : count(sessions.length)}?`;
  if (sending.data !== undefined && sending.data.refused.length > 0) return <Refusals title={title} nothing={nothing} sent={sending.data} close={() => close(true)} />;
  return (
    <Dialog title={title} close={() => close(false)}>
      <form onSubmit={submit}>
        {!single && <Names names={sessions.map((session) => session.session)} />}
        <p className="quiet">
          {single ? (one.owner?.pod ?? "The owner") : "Each owner"} {deed}
        </p>
        {children}
        <Answers problem={sending.error} busy={sending.isPending} confirm={verb} close={() => close(false)} disabled={disabled} />
      </form>
    </Dialog>
  );
}

/** What was refused, and why. The rest is on its way. */
function Refusals({ title, nothing, sent, close }: { title: string; nothing: string; sent: Sent; close: () => void }) {
  return (
    <Dialog title={title} close={close}>
      <p role="alert" className="problem">
        {sent.accepted.length === 0 ? nothing : `${count(sent.accepted.length)} on the way, ${sent.refused.length} refused:`}
      </p>
      <ul className="plain-list preview" tabIndex={0} aria-label="Refused">
        {sent.refused.map(({ session, reason }) => (
          <li key={session}>
            <strong>{session}</strong> <span className="quiet">{reason}</span>
          </li>
        ))}
      </ul>
      <Farewell word="Close" close={close} />
    </Dialog>
  );
}
