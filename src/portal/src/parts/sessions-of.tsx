// The sessions of an adapter: who owns each now, and who did before, on one scale of time.

import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useHistory } from "../api/queries";
import type { Ownership, Session } from "../api/types";
import { duration } from "../logic/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";
import { ActionsOf } from "./actions-of";
import { StatusBadge } from "./badges";
import { Choice } from "./fields";
import { HeardProvider, LeaseOf } from "./heard";
import { Heads } from "./heads";
import { OwnerTimeline, TimeAxis } from "./timeline";
import { When } from "./when";

const MINUTE = 60_000;
const SPANS: Record<string, number> = { "5 min": 5 * MINUTE, "1 h": 60 * MINUTE, "6 h": 360 * MINUTE, "24 h": 1440 * MINUTE, "7 d": 10_080 * MINUTE, "30 d": 43_200 * MINUTE };

/** Sessions with a timeline; the others of a large adapter are counted. */
const SHOWN = 20;

/** The picture moves on this often, in milliseconds. */
const TICK = 1_000;

/** The right end of the picture: now, which moves on, or the time that is shown. */
function useEnd(): number {
  const at = useAt();
  const [now, setNow] = useState(Date.now);
  const asked = at === null ? Number.NaN : Date.parse(/^\d+$/.test(at) ? "" : at);
  const moves = Number.isNaN(asked);
  useEffect(() => {
    if (!moves) return;
    const timer = setInterval(() => setNow(Date.now()), TICK);
    return () => clearInterval(timer);
  }, [moves]);
  return moves ? now : asked;
}

interface Props {
  adapter: string;
  sessions: readonly Session[];
  /** What is asked about a session: each opens its question. */
  ask: (question: Question, session: Session) => void;
}

export type Question = "move" | "restart" | "action";

export function SessionsOf({ adapter, sessions, ask }: Props) {
  const [search, setSearch] = useSearchParams();
  const past = useAt() !== null;
  const end = useEnd();
  const span = search.get("span") ?? "5 min";
  const begin = end - (SPANS[span] ?? 5 * MINUTE);
  const zoom = (value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.set("span", value);
        return after;
      },
      { replace: true },
    );
  return (
    <section className="card" aria-label="Sessions">
      <div className="section-head">
        <h2>Sessions and their owners</h2>
        <form className="filters" onSubmit={(event) => event.preventDefault()}>
          <Choice label="Shown" value={span} options={Object.keys(SPANS)} any={null} change={zoom} />
        </form>
      </div>
      <HeardProvider>
        {sessions.slice(0, SHOWN).map((session) => (
          <div key={session.session} className="session">
            <Facts session={session} ask={ask} />
            <History adapter={adapter} session={session.session} begin={begin} end={end} />
            {!past && <ActionsOf session={session.session} />}
          </div>
        ))}
      </HeardProvider>
      {sessions.length > SHOWN && <p className="quiet">and {sessions.length - SHOWN} more sessions</p>}
      <TimeAxis begin={begin} end={end} />
      <p className="quiet small legend">
        <span aria-hidden="true">⇄</span> takeover, <span aria-hidden="true">→</span> handover; a dashed line: nobody owned it; a red line: the lease expired. A bar leads to its events.
      </p>
    </section>
  );
}

function Facts({ session, ask }: { session: Session; ask: Props["ask"] }) {
  const may = useMay();
  return (
    <div className="facts">
      <strong>{session.session}</strong>
      <StatusBadge status={session.status} />
      <span>{session.owner == null ? <span className="quiet">no owner</span> : session.owner.pod}</span>
      {session.next_owner != null && <span className="quiet">then {session.next_owner}</span>}
      <LeaseOf sessions={[session]} />
      {session.token != null && <span className="quiet small number">token {session.token}</span>}
      {session.since != null && (
        <span className="quiet small">
          since <When time={session.since} />
        </span>
      )}
      {session.pending_restart && (
        <span className="badge claiming">
          <span aria-hidden="true">↻</span> restart pending: runs revision {session.revision}, the newest is {session.newest_revision}
        </span>
      )}
      {may.operate && session.owner != null && <Orders session={session} ask={ask} />}
      {session.reason != null && <span className="reason">{session.reason}</span>}
    </div>
  );
}

const ORDERS: readonly (readonly [Question, string])[] = [
  ["move", "Move"],
  ["restart", "Restart"],
  ["action", "Action…"],
];

function Orders({ session, ask }: { session: Session; ask: Props["ask"] }) {
  return (
    <>
      {ORDERS.map(([question, word]) => (
        <button key={question} type="button" onClick={() => ask(question, session)} aria-label={question === "action" ? `Send an action to ${session.session}` : `${word} ${session.session}`}>
          {word}
        </button>
      ))}
    </>
  );
}

function History({ adapter, session, begin, end }: { adapter: string; session: string; begin: number; end: number }) {
  const history = useHistory(adapter, session.split("/")[1] ?? "0");
  if (history.error) return <p className="problem">{history.error.message}</p>;
  const all = history.data ?? [];
  return (
    <>
      <OwnerTimeline session={session} ownerships={all} begin={begin} end={end} />
      <details className="owners">
        <summary>{all.length === 1 ? "1 ownership" : `${all.length} ownerships`} as a table</summary>
        <OwnershipTable session={session} ownerships={all.slice(0, 50)} />
      </details>
    </>
  );
}

function OwnershipTable({ session, ownerships }: { session: string; ownerships: readonly Ownership[] }) {
  return (
    <table aria-label={`Ownerships of ${session}, newest first`}>
      <Heads titles={["Pod", "Claimed by", "From", "To", "Ended by", "Lasted", "Token"]} />
      <tbody>
        {ownerships.map((ownership) => (
          <tr key={ownership.from_position}>
            <td>{ownership.owner.pod}</td>
            <td>{ownership.claimed_by}</td>
            <td>
              <When time={ownership.from} />
            </td>
            <td>
              <When time={ownership.to} />
            </td>
            <td>{ownership.ended_by ?? "–"}</td>
            <td>{ownership.to == null ? "–" : duration(Date.parse(ownership.to) - Date.parse(ownership.from))}</td>
            <td className="number">{ownership.token}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
