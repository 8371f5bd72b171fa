// An adapter's event log: what happened to it, in words.

import { useSearchParams } from "wouter";
import { useAdapterLog } from "../api/queries";
import type { Entry } from "../api/types";
import { LevelBadge } from "./badges";
import { Choice } from "./fields";
import { Go } from "./link";
import { Empty, Loading } from "./states";
import { When } from "./when";

export function AdapterLog({ name, sessions }: { name: string; sessions: readonly string[] }) {
  const [search, setSearch] = useSearchParams();
  const text = (field: string) => search.get(field) ?? "";
  const change = (field: string) => (value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === "") after.delete(field);
        else after.set(field, value);
        return after;
      },
      { replace: true },
    );
  const filter = { level: text("level") || undefined, category: text("category") || undefined, session: text("session") || undefined };
  const log = useAdapterLog(name, filter);
  const entries = log.data ?? [];
  return (
    <section className="card" aria-label="Event log">
      <div className="section-head">
        <h2>Event log</h2>
        <form className="filters" role="search" aria-label="Filter the event log" onSubmit={(event) => event.preventDefault()}>
          <Choice label="Level" value={text("level")} options={["info", "warning", "error"]} change={change("level")} />
          <Choice label="Category" value={text("category")} options={["connection", "action", "system"]} change={change("category")} />
          {sessions.length > 1 && <Choice label="Session" value={text("session")} options={sessions} change={change("session")} />}
        </form>
      </div>
      {log.error && <p className="problem">{log.error.message}</p>}
      {log.data === undefined ? log.error === null && <Loading what="the event log" /> : entries.length === 0 ? <Empty title="No entry is like that." /> : <Entries entries={entries} />}
    </section>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  return (
    <div className="grid short" role="region" aria-label="Event log, scrollable" tabIndex={0}>
      <table className="log" aria-label="Event log">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Level</th>
            <th scope="col" className="wide">
              Category
            </th>
            <th scope="col">Description</th>
            <th scope="col" className="wide">
              Session
            </th>
            <th scope="col">Event</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={`${entry.position} ${entry.description}`}>
              <td>
                <When time={entry.recorded_at} />
              </td>
              <td>
                <LevelBadge level={entry.level} />
              </td>
              <td className="wide">{entry.category}</td>
              <td title={entry.description}>{entry.description}</td>
              <td className="wide">{entry.session ?? ""}</td>
              <td>
                <Go to="/events" query={{ position: String(entry.position) }}>
                  {entry.position}
                </Go>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
