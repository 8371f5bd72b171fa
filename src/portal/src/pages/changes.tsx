// What is different between two moments: the one that the header shows, and one more.

import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { adaptersAt, sessionsAt } from "../api/queries";
import { cli, curl, flag } from "../logic/commands";
import { type Change, difference, type What, WHATS } from "../logic/difference";
import { isPosition, named } from "../logic/when";
import { CopyLines } from "../parts/copy-lines";
import { Choice, TextField } from "../parts/fields";
import { type Column, Grid, type SortingState } from "../parts/grid";
import { adapterPath, Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { useAt } from "../time/as-of";
import { AskMoment } from "../time/travel";

/** Both lists at both moments. */
function useChanges(since: string | null, at: string | null) {
  const enabled = since !== null;
  const lists = [
    useQuery({ ...adaptersAt(since), enabled }),
    useQuery({ ...sessionsAt(since), enabled }),
    useQuery({ ...adaptersAt(at), enabled }),
    useQuery({ ...sessionsAt(at), enabled }),
  ] as const;
  const [adaptersThen, sessionsThen, adapters, sessions] = lists.map((list) => list.data) as [
    (typeof lists)[0]["data"], (typeof lists)[1]["data"], (typeof lists)[2]["data"], (typeof lists)[3]["data"],
  ];
  const changes = useMemo(() => {
    if (adaptersThen === undefined || sessionsThen === undefined || adapters === undefined || sessions === undefined) return null;
    return difference({ adapters: adaptersThen, sessions: sessionsThen }, { adapters, sessions });
  }, [adaptersThen, sessionsThen, adapters, sessions]);
  return {
    changes,
    error: lists.find((list) => list.error !== null)?.error ?? null,
    retry: () => void Promise.all(lists.map((list) => list.refetch())),
  };
}

export default function ChangesPage() {
  const [search, setSearch] = useSearchParams();
  const at = useAt();
  const since = search.get("since") || null;
  const { changes, error, retry } = useChanges(since, at);
  const [asking, ask] = useState(false);
  const set = (field: string, value: string) =>
    setSearch((before) => {
      const after = new URLSearchParams(before);
      if (value === "") after.delete(field);
      else after.set(field, value);
      return after;
    }, { replace: true });
  return (
    <>
      <PageHead title="Changes">
        <p className="quiet">{since === null ? "between two moments" : `from ${named(since)} to ${named(at)}`}</p>
      </PageHead>
      <div className="bulk">
        <button type="button" onClick={() => ask(true)}>
          {since === null ? "Choose the other moment" : `Since: ${named(since)}`}
        </button>
        <span className="quiet">compared with {named(at)}; “As of” above chooses another moment</span>
      </div>
      {since === null ? (
        <Empty title="Since when?">
          <p className="quiet">Choose a time or a position of the log. What adapters and sessions were then is compared with what they {at === null ? "are now" : "were at the moment that is shown"}.</p>
        </Empty>
      ) : changes === null ? (
        error ? <Failure error={error} retry={retry} /> : <Loading what="both moments" />
      ) : (
        <>
          <Outdated error={error} />
          <Found changes={changes} since={since} at={at} text={(field) => search.get(field) ?? ""} set={set} />
        </>
      )}
      {asking && <AskMoment title="What has changed since?" shown={since} confirm="Compare" go={(moment) => (set("since", moment), ask(false))} close={() => ask(false)} />}
      {since !== null && <CopyLines lines={lines(since, at)} />}
    </>
  );
}

const WORDS: Record<What, string> = { "declared or deleted": "declared or deleted", wanted: "administrative state", status: "status", owner: "owner", settings: "settings" };

function columns(since: string, at: string | null): readonly Column<Change>[] {
  const value = (text: string | null) => (text === null ? <span className="quiet">–</span> : <span title={text}>{text}</span>);
  return [
    { id: "about", title: "Adapter or session", width: 18, sort: (change) => change.about, cell: (change) => <Go to={adapterPath(change.adapter)}>{change.about}</Go> },
    { id: "what", title: "What", width: 14, sort: (change) => WHATS.indexOf(change.what), cell: (change) => WORDS[change.what] },
    { id: "before", title: `At ${named(since)}`, width: 24, sort: (change) => change.before ?? "", cell: (change) => value(change.before) },
    { id: "after", title: at === null ? "Now" : `At ${named(at)}`, width: 24, sort: (change) => change.after ?? "", cell: (change) => value(change.after) },
    { id: "events", title: "Events", width: 10, cell: (change) => <Between change={change} since={since} at={at} />, wide: true },
  ];
}

/** What led from one to the other. */
function Between({ change, since, at }: { change: Change; since: string; at: string | null }) {
  const from = isPosition(since) ? null : since;
  const stream = change.what === "owner" ? `session:${change.about}` : `adapter:${change.adapter}`;
  // A status follows from many events of several sessions, and the event log of the adapter has them all.
  const [to, query] = change.what === "status" ? [adapterPath(change.adapter), {}] : ["/events", { stream, from }];
  return (
    <Go to={to} query={{ ...query, at }}>
      Show<span className="said"> the events of {change.about}</span>
    </Go>
  );
}

interface FoundProps {
  changes: readonly Change[];
  since: string;
  at: string | null;
  text: (field: string) => string;
  set: (field: string, value: string) => void;
}

function Found({ changes, since, at, text, set }: FoundProps) {
  const [sorting, setSorting] = useState<SortingState>([{ id: "about", desc: false }]);
  const [what, q] = [text("what"), useDeferredValue(text("q")).toLowerCase()];
  const rows = useMemo(
    () => changes.filter((change) => (what === "" || change.what === what) && `${change.about} ${change.before ?? ""} ${change.after ?? ""}`.toLowerCase().includes(q)),
    [changes, what, q],
  );
  const all = useMemo(() => columns(since, at), [since, at]);
  return (
    <>
      <form className="filters" role="search" aria-label="Filter the changes" onSubmit={(event) => event.preventDefault()}>
        <TextField label="Search" value={text("q")} placeholder="name, pod, reason" change={(value) => set("q", value)} />
        <Choice label="What" value={what} options={WHATS} change={(value) => set("what", value)} />
      </form>
      <p className="quiet" role="status">
        {summary(changes, rows.length)}
      </p>
      {changes.length === 0 ? (
        <Empty title="Nothing is different.">
          <p className="quiet">What went and came back in between is in the events.</p>
        </Empty>
      ) : rows.length === 0 ? (
        <Empty title="No change is like that." />
      ) : (
        <Grid label="Changes" rows={rows} columns={all} id={(change) => change.id} sorting={sorting} setSorting={setSorting} />
      )}
    </>
  );
}

/** How many of each kind: "3 differences: 2 owner, 1 status". */
function summary(changes: readonly Change[], shown: number): string {
  const counts = WHATS.map((what) => [WORDS[what], changes.filter((change) => change.what === what).length] as const).filter(([, count]) => count > 0);
  const all = changes.length === 1 ? "1 difference" : `${changes.length} differences`;
  const kinds = counts.map(([what, count]) => `${count} × ${what}`).join(", ");
  return `${shown === changes.length ? all : `${shown} of ${all}`}${kinds === "" ? "" : `: ${kinds}`}`;
}

function lines(since: string, at: string | null) {
  const list = (moment: string | null) => cli("get", "sessions", ...flag("--at", moment));
  return [
    { label: "CLI", text: `diff <(${list(since)}) <(${list(at)})` },
    { label: "curl", text: curl(location.origin, "GET", "/v1/ownership", { query: { at: since } }) },
  ];
}
