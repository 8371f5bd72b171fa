// All adapters: found, filtered, chosen, enabled, disabled, moved.

import { useDeferredValue, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { useRows } from "../api/rows";
import { cli, curl, flag } from "../logic/commands";
import { type Filter, isFiltered, matches, readFilter, writeFilter } from "../logic/filter";
import type { Row } from "../logic/rows";
import { AdapterFilters } from "../parts/adapter-filters";
import { AskSetEnabled } from "../parts/ask";
import { AskMove } from "../parts/ask-move";
import { AskRestart } from "../parts/ask-restart";
import { AdminBadge, RestartPending, StatusBadge } from "../parts/badges";
import { CopyLines } from "../parts/copy-lines";
import { type Column, Grid, type RowSelectionState, type SortingState } from "../parts/grid";
import { HeardProvider, LeaseOf } from "../parts/heard";
import { adapterPath, Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { SavedViews } from "../parts/saved-views";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

const RANK = { ERROR: 0, CLAIMING: 1, INACTIVE: 2, ACTIVE: 3 } as const;

const COLUMNS: readonly Column<Row>[] = [
  { id: "name", title: "Name", width: 16, sort: (row) => row.name, cell: (row) => <Go to={adapterPath(row.name)}>{row.name}</Go> },
  { id: "mode", title: "Mode", width: 10, sort: (row) => row.mode, cell: (row) => row.mode.replace("_", " "), wide: true },
  { id: "admin", title: "Wanted", width: 9, sort: (row) => row.admin, cell: (row) => <AdminBadge state={row.admin} />, wide: true },
  { id: "status", title: "Status", width: 11, sort: (row) => RANK[row.status], cell: (row) => <Status row={row} /> },
  { id: "reason", title: "Reason", width: 22, cell: (row) => <span title={row.reason ?? undefined}>{row.reason}</span>, wide: true },
  { id: "owner", title: "Owner", width: 9, sort: (row) => row.owners.join(" "), cell: (row) => <Owners row={row} /> },
  { id: "next", title: "Next owner", width: 10, sort: (row) => row.next ?? "", cell: (row) => row.next ?? "–", wide: true },
  { id: "lease", title: "Lease", width: 8, cell: (row) => <LeaseOf sessions={row.sessions} />, wide: true },
  { id: "changed", title: "Last change", width: 10, sort: (row) => row.changedAt, cell: (row) => <When time={row.changedAt} />, wide: true },
];

function Status({ row }: { row: Row }) {
  return (
    <>
      <StatusBadge status={row.status} />
      {row.pendingRestart && <RestartPending />}
    </>
  );
}

function Owners({ row: { owners } }: { row: Row }) {
  if (owners.length === 0) return <span className="quiet">–</span>;
  return <span title={owners.join(", ")}>{owners.length === 1 ? owners[0] : `${owners.length} pods`}</span>;
}

export function AdaptersPage() {
  const { rows: all, ready, error, retry } = useRows();
  const may = useMay();
  const at = useAt();
  const [search, setSearch] = useSearchParams();
  const filter = readFilter(search);
  const wanted = useDeferredValue(filter);
  const key = JSON.stringify(wanted);
  // The filter is a new object each time, its text is not.
  const rows = useMemo(() => all.filter((row) => matches(row, JSON.parse(key) as Filter)), [all, key]);
  const [chosen, choose] = useState<RowSelectionState>({});
  const selected = useMemo(() => rows.filter((row) => chosen[row.name]), [rows, chosen]);
  const sorting: SortingState = [{ id: search.get("sort") ?? "name", desc: search.get("desc") === "1" }];
  const setSorting = ([first]: SortingState) =>
    setSearch((before) => {
      const after = new URLSearchParams(before);
      after.set("sort", first?.id ?? "name");
      if (first?.desc) after.set("desc", "1");
      else after.delete("desc");
      return after;
    });
  if (!ready) return error ? <Failure error={error} retry={retry} /> : <Loading what="adapters" />;
  return (
    <>
      <PageHead title="Adapters">
        <p className="quiet" role="status">
          {isFiltered(filter) ? `${rows.length} of ${all.length}` : all.length}
        </p>
      </PageHead>
      <Outdated error={error} />
      <AdapterFilters filter={filter} rows={all} change={(change) => setSearch((before) => writeFilter(before, change), { replace: true })} />
      <SavedViews />
      {may.operate && <Bulk selected={selected} clear={() => choose({})} />}
      {all.length === 0 ? (
        <Empty title={at === null ? "There are no adapters yet." : "There were no adapters then."}>
          <p className="quiet">
            <code>conncentric apply -f adapters.yaml</code> declares some.
          </p>
        </Empty>
      ) : rows.length === 0 ? (
        <Empty title="No adapter matches.">
          <button type="button" onClick={() => setSearch((before) => writeFilter(before, readFilter(new URLSearchParams())))}>
            Clear the filters
          </button>
        </Empty>
      ) : (
        <HeardProvider>
          <Grid
            label="Adapters"
            rows={rows}
            columns={COLUMNS}
            id={(row) => row.name}
            sorting={sorting}
            setSorting={setSorting}
            selection={may.operate ? { chosen, choose } : undefined}
          />
        </HeardProvider>
      )}
      <CopyLines lines={linesFor(selected.map((row) => row.name), at)} />
    </>
  );
}

function linesFor(names: readonly string[], at: string | null) {
  if (names.length === 0) {
    return [
      { label: "CLI", text: cli("get", "adapters", ...flag("--at", at)) },
      { label: "curl", text: curl(location.origin, "GET", "/v1/adapters", { query: { at } }) },
    ];
  }
  return [
    { label: "CLI", text: cli("disable", ...names, "--wait") },
    { label: "curl", text: curl(location.origin, "POST", "/v1/adapters/disable", { body: { names } }) },
  ];
}

function Bulk({ selected, clear }: { selected: readonly Row[]; clear: () => void }) {
  const [asking, ask] = useState<"enable" | "disable" | "move" | "restart" | null>(null);
  const names = selected.map((row) => row.name);
  const movable = selected.flatMap((row) => row.sessions.filter((session) => session.owner != null));
  const close = (sent: boolean) => {
    ask(null);
    if (sent) clear();
  };
  return (
    <div className="bulk" role="toolbar" aria-label="What to do with the selection">
      <span role="status">{names.length === 0 ? "Select adapters to enable, disable, move or restart them" : `${names.length} selected`}</span>
      <button type="button" disabled={names.length === 0} onClick={() => ask("enable")}>
        Enable
      </button>
      <button type="button" disabled={names.length === 0} onClick={() => ask("disable")}>
        Disable
      </button>
      <button type="button" disabled={movable.length === 0} onClick={() => ask("move")}>
        Move
      </button>
      <button type="button" disabled={movable.length === 0} onClick={() => ask("restart")}>
        Restart
      </button>
      {names.length > 0 && (
        <button type="button" className="plain" onClick={clear}>
          Clear
        </button>
      )}
      {(asking === "enable" || asking === "disable") && <AskSetEnabled kind={asking} names={names} close={close} />}
      {asking === "restart" && <AskRestart sessions={movable} close={close} />}
      {asking === "move" && <AskMove sessions={movable} close={close} />}
    </div>
  );
}
