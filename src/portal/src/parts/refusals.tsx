// One question, an order for each of many sessions: each is judged by itself, so some may be refused while the others go.

import { eachOf } from "../logic/each";
import { Dialog } from "./dialog";

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

/** What was refused, and why. The rest is on its way. */
export function Refusals({ title, nothing, sent, close }: { title: string; nothing: string; sent: Sent; close: () => void }) {
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
      <div className="answers">
        <button type="button" className="primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
