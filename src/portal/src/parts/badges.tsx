// States as a sign and a word: a colour is never the only difference.

import type { AdminState, Level, Status } from "../api/types";

function Badge({ sign, look, word }: { sign: string; look: string; word: string }) {
  return (
    <span className={`badge ${look}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}

const STATUS_SIGNS: Record<Status, string> = { ACTIVE: "●", CLAIMING: "◐", ERROR: "▲", INACTIVE: "○" };

export function StatusBadge({ status }: { status: Status }) {
  return <Badge sign={STATUS_SIGNS[status]} look={status.toLowerCase()} word={status} />;
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
  return <Badge sign={sign} look={look} word={status} />;
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
  return <Badge sign={sign} look={look} word={state} />;
}

const LEVEL_SIGNS: Record<Level, readonly [string, string]> = { info: ["·", "inactive"], warning: ["!", "claiming"], error: ["▲", "error"] };

export function LevelBadge({ level }: { level: Level }) {
  const [sign, look] = LEVEL_SIGNS[level];
  return <Badge sign={sign} look={look} word={level} />;
}
