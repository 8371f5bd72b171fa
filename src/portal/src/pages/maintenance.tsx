// A planned maintenance: adapters are taken down, and exactly those brought back.

import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { post, remove } from "../api/client";
import { useMaintenance } from "../api/queries";
import { useRows } from "../api/rows";
import { cli, curl } from "../logic/commands";
import { isFiltered, matches, readFilter, writeFilter } from "../logic/filter";
import type { Row } from "../logic/rows";
import { AdapterFilters } from "../parts/adapter-filters";
import { AskAboutMany, adapters } from "../parts/ask";
import { StatusBadge } from "../parts/badges";
import { CopyLines } from "../parts/copy-lines";
import { adapterPath, Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Failure, Loading, Outdated } from "../parts/states";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

export function MaintenancePage() {
  const maintenance = useMaintenance();
  const { rows, ready, error, retry } = useRows();
  const may = useMay();
  const past = useAt() !== null;
  const problem = maintenance.error ?? error;
  if (maintenance.data === undefined || !ready) {
    return problem ? <Failure error={problem} retry={() => (retry(), void maintenance.refetch())} /> : <Loading what="the maintenance" />;
  }
  const names = maintenance.data.adapters;
  return (
    <>
      <PageHead title="Maintenance" />
      <Outdated error={problem} />
      {past ? <p className="quiet">Whether a maintenance was under way then is in the events MaintenanceBegan and MaintenanceEnded. This is how it is now:</p> : null}
      {names.length === 0 ? <p className="card">No maintenance is under way.</p> : <UnderWay names={names} rows={rows} end={may.operate} />}
      {may.operate && <Begin rows={rows} under={names} />}
      <CopyLines
        lines={[
          { label: "CLI", text: names.length === 0 ? cli("maintenance", "begin", "--all", "--wait") : cli("maintenance", "end") },
          { label: "curl", text: names.length === 0 ? curl(location.origin, "POST", "/v1/maintenance", { body: { all: true } }) : curl(location.origin, "DELETE", "/v1/maintenance") },
        ]}
      />
    </>
  );
}

function UnderWay({ names, rows, end }: { names: readonly string[]; rows: readonly Row[]; end: boolean }) {
  const [asking, ask] = useState(false);
  const meant = useMemo(() => {
    const set = new Set(names);
    return rows.filter((row) => set.has(row.name));
  }, [names, rows]);
  const open = meant.filter((row) => row.status !== "INACTIVE");
  const text = `${meant.length - open.length} of ${meant.length} closed`;
  return (
    <section className="card" aria-label="Under way">
      <h2>Under way</h2>
      <p role="status">{open.length === 0 ? `${text}: the work can begin.` : text}</p>
      <progress value={meant.length - open.length} max={Math.max(1, meant.length)} aria-label={text} />
      <ul className="plain-list">
        {(open.length > 0 ? open : meant).slice(0, 20).map((row) => (
          <li key={row.name}>
            <Go to={adapterPath(row.name)}>{row.name}</Go> <StatusBadge status={row.status} /> <span className="quiet">{row.reason}</span>
          </li>
        ))}
      </ul>
      <p className="quiet">The end of the maintenance enables these and nothing else. Whoever enables one of them before takes it out.</p>
      {end && (
        <button type="button" className="primary" onClick={() => ask(true)}>
          End the maintenance
        </button>
      )}
      {asking && <AskEnd names={names} close={() => ask(false)} />}
    </section>
  );
}

function AskEnd({ names, close }: { names: readonly string[]; close: () => void }) {
  const send = (reason: string | null) => remove("/v1/maintenance", reason === null ? {} : { body: { reason } });
  const title = `End it and enable ${adapters(names.length)}?`;
  return <AskAboutMany kind="enable" names={names} title={title} confirm="Enable them" send={send} close={useClosing(close)} />;
}

function Begin({ rows, under }: { rows: readonly Row[]; under: readonly string[] }) {
  const [search, setSearch] = useSearchParams();
  const [asking, ask] = useState(false);
  const filter = readFilter(search);
  const names = rows.filter((row) => row.admin === "ENABLED" && matches(row, filter)).map((row) => row.name);
  return (
    <section className="card" aria-label="Begin">
      <h2>{under.length === 0 ? "Begin a maintenance" : "Take more adapters down"}</h2>
      <p className="quiet">Disables what is enabled among the adapters that match, and remembers it. Everything else stays as it is.</p>
      <AdapterFilters filter={filter} rows={rows} change={(change) => setSearch((before) => writeFilter(before, change), { replace: true })} />
      <p role="status">
        {names.length === 0 ? "No enabled adapter matches." : isFiltered(filter) ? `${names.length} enabled adapters match.` : `All ${names.length} enabled adapters.`}
      </p>
      <button type="button" disabled={names.length === 0} onClick={() => ask(true)}>
        Begin with {adapters(names.length)}
      </button>
      {asking && <AskBegin names={names} close={() => ask(false)} />}
    </section>
  );
}

function AskBegin({ names, close }: { names: readonly string[]; close: () => void }) {
  const send = (reason: string | null) => post("/v1/maintenance", { body: reason === null ? { names } : { names, reason } });
  const title = `Take ${adapters(names.length)} down?`;
  return <AskAboutMany kind="disable" names={names} title={title} confirm="Begin" send={send} close={useClosing(close)} />;
}

/** What is shown of the maintenance is read again once it was changed. */
function useClosing(close: () => void): (sent: boolean) => void {
  const client = useQueryClient();
  return (sent) => {
    if (sent) void client.invalidateQueries({ queryKey: ["maintenance", null] });
    close();
  };
}
