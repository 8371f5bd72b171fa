// States as a sign and a word: a colour is never the only difference.

import type { AdminState, Level, Status } from "../api/types";

const STATUS_SIGNS: Record<Status, string> = { ACTIVE: "●", CLAIMING: "◐", ERROR: "▲", INACTIVE: "○" };

export function StatusBadge({ status }: { status: Status }) {
  return (
    <span className={`badge ${status.toLowerCase()}`}>
      <span aria-hidden="true">{STATUS_SIGNS[status]}</span> {status}
    </span>
  );
}

/** Beside a status: a change of settings waits for a restart. */
export function RestartPending() {
  return (
    <span className="restart-pending" title="Restart pending: it runs with older settings">
      <span aria-hidden="true">↻</span>
      <span className="said">restart pending</span>
    </span>
  );
}

export function AdminBadge({ state }: { state: AdminState }) {
  return <span className={`admin ${state.toLowerCase()}`}>{state}</span>;
}

const POD_SIGNS: Record<string, readonly [string, string]> = {
  READY: ["●", "active"],
  DRAINING: ["◐", "claiming"],
  SILENT: ["▲", "error"],
  SUPERSEDED: ["○", "inactive"],
};

export function PodBadge({ status }: { status: string }) {
  const [sign, look] = POD_SIGNS[status] ?? ["○", "inactive"];
  return (
    <span className={`badge ${look}`}>
      <span aria-hidden="true">{sign}</span> {status}
    </span>
  );
}

const ACTION_SIGNS: Record<string, readonly [string, string]> = {
  ordered: ["◌", "inactive"],
  received: ["◐", "claiming"],
  done: ["✓", "active"],
  failed: ["▲", "error"],
  abandoned: ["○", "inactive"],
};

export function ActionBadge({ state }: { state: string }) {
  const [sign, look] = ACTION_SIGNS[state] ?? ["○", "inactive"];
  return (
    <span className={`badge ${look}`}>
      <span aria-hidden="true">{sign}</span> {state}
    </span>
  );
}

const LEVEL_SIGNS: Record<Level, readonly [string, string]> = { info: ["·", "inactive"], warning: ["!", "claiming"], error: ["▲", "error"] };

export function LevelBadge({ level }: { level: Level }) {
  const [sign, look] = LEVEL_SIGNS[level];
  return (
    <span className={`badge ${look}`}>
      <span aria-hidden="true">{sign}</span> {level}
    </span>
  );
}
