// The event table: live, searched, and every event with all its data.

import { Fragment } from "react";
import { useSearchParams } from "wouter";
import { type EventFilter, useEvents } from "../api/queries";
import type { Event } from "../api/types";
import { cli, curl, flag } from "../logic/commands";
import { toLocalInput } from "../logic/when";
import { CopyLines } from "../parts/copy-lines";
import { Choice, TextField } from "../parts/fields";
import { PageHead } from "../parts/page";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useAt } from "../time/as-of";

/** The types of the ledger, as docs/events.md lists them. */
const TYPES = [
  "AdapterDeclared", "AdapterRevised", "AdapterDeleted", "AdapterEnabled", "AdapterDisabled", "PodRegistered", "PodDrained", "PodResumed",
  "PodLost", "PodLeft", "SessionClaimed", "SessionStatusChanged", "SessionLogged", "SessionMoveOrdered", "SessionReleased", "LeaseExpired",
  "LeaseConfirmed", "AccessTokenCreated", "AccessTokenRevoked", "EpochBegan", "EpochSettled", "MaintenanceBegan", "MaintenanceEnded",
  "PulsesDropped", "LedgerSealed", "LedgerUnsealed", "ActionOrdered", "ActionAnswered", "ArtifactStored", "ArtifactDeleted", "PluginInstalled",
  "PluginRemoved",
];

const FIELDS = ["type", "session", "stream", "actor", "from", "to"] as const;

function useFilter() {
  const [search, setSearch] = useSearchParams();
  const text = (field: string) => search.get(field) ?? "";
  const change = (field: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === null || value === "") after.delete(field);
        else after.set(field, value);
        // Another filter begins at the newest again.
        if (field !== "before" && field !== "open") for (const cursor of ["before", "position", "open"]) after.delete(cursor);
        return after;
      },
      { replace: true },
    );
  return { text, change };
}

export function EventsPage() {
  const { text, change } = useFilter();
  const at = useAt();
  const position = Number(text("position")) || null;
  const before = Number(text("before")) || (position === null ? null : position + 1);
  const filter: EventFilter = Object.fromEntries(FIELDS.map((field) => [field, text(field) || undefined]));
  if (before !== null) filter.before = before;
  if (text("pulses") === "1") filter.pulses = true;
  const events = useEvents(filter);
  // 0: closed again.
  const opened = text("open") === "" ? position : Number(text("open")) || null;
  const live = at === null && before === null;
  return (
    <>
      <PageHead title="Events">
        <p className="quiet" role="status">
          {events.data === undefined ? "" : `up to position ${events.data.head}`}
        </p>
      </PageHead>
      <EventFilters text={text} change={change} />
      <div className="bulk">
        <label className="check">
          <input type="checkbox" checked={live} disabled={at !== null} onChange={() => change("before", live ? String((events.data?.head ?? 0) + 1) : null)} />
          Live
        </label>
        <label className="check">
          <input type="checkbox" checked={text("pulses") === "1"} onChange={(event) => change("pulses", event.target.checked ? "1" : null)} />
          Heartbeats too
        </label>
        {!live && before !== null && (
          <button type="button" onClick={() => change("position", null)}>
            Newest first
          </button>
        )}
      </div>
      {events.data === undefined ? (
        events.error ? <Failure error={events.error} retry={() => void events.refetch()} /> : <Loading what="events" />
      ) : (
        <>
          <Outdated error={events.error} />
          {events.data.events.length === 0 ? (
            <Empty title="No event is like that." />
          ) : (
            <EventTable events={events.data.events} opened={opened} open={(position) => change("open", String(position ?? 0))} />
          )}
          {events.data.next !== null && (
            <button type="button" className="more" onClick={() => change("before", String(events.data.next))}>
              Older
            </button>
          )}
        </>
      )}
      <CopyLines lines={lines(filter, at)} />
    </>
  );
}

function lines({ type, session, actor, from, to, ...rest }: EventFilter, at: string | null) {
  const flags = [...flag("--type", type), ...flag("--session", session), ...flag("--actor", actor), ...flag("--from", from), ...flag("--to", to)];
  const query = { type, session, actor, from, to, ...rest, order: "desc", at };
  return [
    { label: "CLI", text: cli("get", "events", ...flags, ...flag("--at", at), rest.pulses ? "--pulses" : null) },
    { label: "curl", text: curl(location.origin, "GET", "/v1/events", { query }) },
  ];
}

function EventFilters({ text, change }: { text: (field: string) => string; change: (field: string, value: string | null) => void }) {
  const local = (field: string) => (text(field) === "" ? "" : toLocalInput(new Date(text(field))));
  const time = (field: string) => (value: string) => change(field, value === "" ? null : new Date(value).toISOString());
  return (
    <form className="filters" role="search" aria-label="Filter events" onSubmit={(event) => event.preventDefault()}>
      <Choice label="Type" value={text("type")} options={TYPES} change={(value) => change("type", value)} />
      <TextField label="Session" value={text("session")} placeholder="venue-a/0" change={(value) => change("session", value)} />
      <TextField label="Stream" value={text("stream")} placeholder="pod:pod-1" change={(value) => change("stream", value)} />
      <TextField label="Actor" value={text("actor")} placeholder="orchestrator:orch-a" change={(value) => change("actor", value)} />
      <TextField label="From" type="datetime-local" value={local("from")} change={time("from")} />
      <TextField label="To" type="datetime-local" value={local("to")} change={time("to")} />
    </form>
  );
}

function EventTable({ events, opened, open }: { events: readonly Event[]; opened: number | null; open: (position: number | null) => void }) {
  return (
    <div className="grid" role="region" aria-label="Events, scrollable" tabIndex={0}>
      <table className="events" aria-label="Events">
        <thead>
          <tr>
            <th scope="col">Position</th>
            <th scope="col">Time</th>
            <th scope="col">Type</th>
            <th scope="col">About</th>
            <th scope="col" className="wide">
              Actor
            </th>
            <th scope="col" className="wide">
              Data
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => {
            const isOpen = event.position === opened;
            return (
              <Fragment key={event.position}>
                <tr className={isOpen ? "chosen" : undefined}>
                  <td className="number">{event.position}</td>
                  <td>
                    <When time={event.recorded_at} />
                  </td>
                  <td>
                    <button type="button" className="plain" aria-expanded={isOpen} onClick={() => open(isOpen ? null : event.position)}>
                      {event.type}
                    </button>
                  </td>
                  <td title={event.stream}>{event.stream}</td>
                  <td className="wide" title={event.actor}>
                    {event.actor}
                  </td>
                  <td className="wide quiet">
                    <code>{event.data === null ? "" : JSON.stringify(event.data)}</code>
                  </td>
                </tr>
                {isOpen && (
                  <tr className="detail">
                    <td colSpan={6}>
                      <pre>{JSON.stringify(event, null, 2)}</pre>
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
