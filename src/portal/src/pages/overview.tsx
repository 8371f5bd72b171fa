// What an operator wants to know first: is anything wrong, why, and has anything moved.

import { useEffect, useMemo, useState } from "react";
import { useEvents, usePods, useReadiness } from "../api/queries";
import { useRows } from "../api/rows";
import type { Pod, Readiness, Status } from "../api/types";
import { attention, type Concern } from "../logic/attention";
import { cli, curl, flag } from "../logic/commands";
import type { Row } from "../logic/rows";
import { type Bucket, buckets, takeoverOf } from "../logic/takeovers";
import { moment } from "../logic/when";
import { StatusBadge } from "../parts/badges";
import { CopyLines } from "../parts/copy-lines";
import { Heads } from "../parts/heads";
import { Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useAt } from "../time/as-of";

const STATUSES: readonly Status[] = ["ACTIVE", "CLAIMING", "ERROR", "INACTIVE"];
const SHOWN = 12;

export function OverviewPage() {
  const { rows, ready, error, retry } = useRows();
  const pods = usePods();
  const at = useAt();
  if (!ready) return error ? <Failure error={error} retry={retry} /> : <Loading what="the fleet" />;
  return (
    <>
      <PageHead title="Overview" />
      <Outdated error={error ?? pods.error} />
      <Counts rows={rows} pods={pods.data ?? []} />
      <div className="halves">
        <div>
          <Attention concerns={attention(rows, pods.data ?? [])} fine={rows.length > 0} />
          <LastMoves />
        </div>
        <div>
          <Takeovers />
          {at === null && <Database />}
        </div>
      </div>
      <CopyLines
        lines={[
          { label: "CLI", text: cli("get", "sessions", ...flag("--at", at), at === null ? "--watch" : null) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/sessions", { query: { at } }) },
        ]}
      />
    </>
  );
}

function Counts({ rows, pods }: { rows: readonly Row[]; pods: readonly Pod[] }) {
  const here = pods.filter((pod) => pod.status !== "SUPERSEDED");
  return (
    <ul className="counts" aria-label="Adapters by status, and pods">
      {STATUSES.map((status) => (
        <li key={status} className="card">
          <Go to="/adapters" query={{ status }}>
            <span className="count number">{rows.filter((row) => row.status === status).length}</span> <StatusBadge status={status} />
          </Go>
        </li>
      ))}
      <li className="card">
        <Go to="/pods">
          <span className="count number">{here.length}</span> {here.length === 1 ? "pod" : "pods"}
          <span className="quiet small">
            {" "}
            · {here.reduce((sum, pod) => sum + pod.used, 0)} of {here.reduce((sum, pod) => sum + pod.capacity, 0)} used
          </span>
        </Go>
      </li>
    </ul>
  );
}

function Attention({ concerns, fine }: { concerns: readonly Concern[]; fine: boolean }) {
  return (
    <section className="card" aria-label="Needs attention">
      <h2>Needs attention</h2>
      {concerns.length === 0 ? (
        <p className="all-well">
          <span aria-hidden="true">✓</span> {fine ? "Nothing. Everything that is enabled is active." : "Nothing. No adapter is declared yet."}
        </p>
      ) : (
        <ul className="plain-list">
          {concerns.slice(0, SHOWN).map((concern) => (
            <li key={`${concern.kind} ${concern.name}`}>
              <span className={`badge ${concern.grave ? "error" : "claiming"}`}>
                <span aria-hidden="true">{concern.grave ? "▲" : "◐"}</span> {concern.state}
              </span>{" "}
              <Go to={concern.path}>{concern.name}</Go> <span className="quiet">{concern.reason}</span>
            </li>
          ))}
        </ul>
      )}
      {concerns.length > SHOWN && <p className="quiet">and {concerns.length - SHOWN} more</p>}
    </section>
  );
}

const HOUR = 3_600_000;
const PARTS = 60;

/** The minute that it is, so that the hour that is asked for changes once a minute and not with every drawing. */
function useMinute(): number {
  const [minute, setMinute] = useState(() => Math.ceil(Date.now() / 60_000) * 60_000);
  useEffect(() => {
    const timer = setInterval(() => setMinute(Math.ceil(Date.now() / 60_000) * 60_000), 5_000);
    return () => clearInterval(timer);
  }, []);
  return minute;
}

/** Who owns what since when, of the last hour. */
function useClaims(end: number) {
  return useEvents({ type: "SessionClaimed", from: new Date(end - HOUR).toISOString() }, 1000);
}

function useHour(): number {
  const at = useAt();
  const minute = useMinute();
  return at !== null && !/^\d+$/.test(at) ? Date.parse(at) : minute;
}

function Takeovers() {
  const end = useHour();
  const claims = useClaims(end);
  const times = useMemo(() => (claims.data?.events ?? []).filter((event) => takeoverOf(event) !== null).map((event) => Date.parse(event.recorded_at)), [claims.data]);
  const counted = buckets(times, end, HOUR, PARTS);
  const more = claims.data?.next != null;
  return (
    <section className="card" aria-label="Takeovers">
      <h2>Takeovers in the last hour</h2>
      {claims.error ? <p className="problem">{claims.error.message}</p> : <Bars counted={counted} />}
      <p className="quiet">
        {more ? "at least " : ""}
        {times.length} in all.{" "}
        <Go to="/events" query={{ type: "LeaseExpired" }}>
          The leases that expired
        </Go>
      </p>
    </section>
  );
}

const MOVES = 8;

function LastMoves() {
  const claims = useClaims(useHour());
  const last = (claims.data?.events ?? []).slice(0, MOVES);
  if (last.length === 0) return null;
  return (
    <section className="card" aria-label="Last claims">
      <h2>Last claims</h2>
      <table className="moves" aria-label="Last claims, newest first">
        <Heads titles={["Time", "Session", "Now on", "By"]} />
        <tbody>
          {last.map((event) => (
            <tr key={event.position}>
              <td>
                <When time={event.recorded_at} />
              </td>
              <td>
                <Go to="/events" query={{ session: String(event.data?.["session"]), position: String(event.position) }}>
                  {String(event.data?.["session"])}
                </Go>
              </td>
              <td>{String(event.data?.["pod"])}</td>
              <td>{String(event.data?.["kind"])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Bars({ counted }: { counted: readonly Bucket[] }) {
  const top = Math.max(1, ...counted.map((bucket) => bucket.count));
  const width = 100 / counted.length;
  const sum = counted.reduce((all, bucket) => all + bucket.count, 0);
  return (
    <svg className="bars" width="100%" height="90" role="img" aria-label={`${sum} takeovers in the last hour, at most ${top} in a minute`}>
      <line x1="0" x2="100%" y1="89.5" y2="89.5" />
      {counted.map((bucket, index) => {
        const height = (bucket.count / top) * 80;
        if (bucket.count === 0) return null;
        return (
          <rect key={bucket.start} x={`${index * width}%`} width={`${width * 0.85}%`} y={89 - height} height={height}>
            <title>{`${moment(new Date(bucket.start).toISOString())}: ${bucket.count}`}</title>
          </rect>
        );
      })}
      <text x="0" y="12">
        {top > 1 ? top : ""}
      </text>
    </svg>
  );
}

function Database() {
  const readiness = useReadiness();
  const { data, error } = readiness;
  return (
    <section className="card" aria-label="Database">
      <h2>Database and epoch</h2>
      {error ? (
        <p className="problem">{error.message}</p>
      ) : data === undefined ? (
        <p className="quiet">Asking…</p>
      ) : (
        <DatabaseFacts readiness={data} />
      )}
    </section>
  );
}

function DatabaseFacts({ readiness }: { readiness: Readiness }) {
  const connections = Object.entries(readiness.connections);
  return (
    <dl>
      <dt>Database</dt>
      <dd>
        <span className={`badge ${readiness.ready ? "active" : "error"}`}>
          <span aria-hidden="true">{readiness.ready ? "●" : "▲"}</span> {readiness.database}
        </span>{" "}
        {readiness.reason}
      </dd>
      {connections.map(([kind, state]) => (
        <div key={kind} className="pair">
          <dt>for {kind}</dt>
          <dd>{state}</dd>
        </div>
      ))}
      <dt>Epoch</dt>
      <dd>
        {readiness.epoch}
        {readiness.settling ? " – settling: sessions without an owner wait for old leases to run out" : ""}
      </dd>
      <dt>Position</dt>
      <dd className="number">{readiness.position}</dd>
      <dt>Answered by</dt>
      <dd>
        {readiness.orchestrator} {readiness.version}
      </dd>
    </dl>
  );
}
