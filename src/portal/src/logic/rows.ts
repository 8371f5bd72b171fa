// Adapters with what is the case at their sessions, as one row each.

import type { Adapter, AdminState, Pod, Session, Status } from "../api/types";

export interface Row {
  name: string;
  mode: string;
  admin: AdminState;
  status: Status;
  reason: string | null;
  /** Pods that own a session of it, each once. */
  owners: string[];
  /** Who is next, for an adapter of one session. */
  next: string | null;
  /** The last change of configuration, administrative state or owner. RFC 3339. */
  changedAt: string;
  sessions: readonly Session[];
  /** A change of its settings waits for a restart of its sessions. */
  pendingRestart: boolean;
  /** What a search looks into, in small letters. */
  text: string;
  /** What it was made from. */
  adapter: Adapter;
}

/** When the owner was last heard of, on this machine's clock (milliseconds), and how long the lease holds from then. */
export interface LeaseSight {
  heardAt: number;
  ttl: number;
}

/** When each incarnation was last heard of, by this machine's clock. */
export type Heard = ReadonlyMap<string, number>;

/** The same from the list of pods, which was read at `readAt`. */
export function heardOf(pods: readonly Pod[], readAt: number): Heard {
  const heard = new Map<string, number>();
  for (const pod of pods) {
    if (pod.last_heartbeat_ms_ago != null) heard.set(pod.incarnation, readAt - pod.last_heartbeat_ms_ago);
  }
  return heard;
}

/** The lease of a session by the newest that is known of its owner. */
export function leaseOf(session: Session, heard: Heard): LeaseSight | null {
  const heardAt = session.owner == null ? undefined : heard.get(session.owner.incarnation);
  return heardAt === undefined ? null : { heardAt, ttl: session.ttl_ms };
}

/** Of several leases the one that runs out first. */
export function soonest(sessions: readonly Session[], heard: Heard): LeaseSight | null {
  const leases = sessions.map((session) => leaseOf(session, heard)).filter((lease) => lease !== null);
  return leases.reduce<LeaseSight | null>((first, lease) => (first === null || lease.heardAt + lease.ttl < first.heardAt + first.ttl ? lease : first), null);
}

function latest(times: readonly (string | null | undefined)[], otherwise: string): string {
  const later = (a: string, b: string) => (Date.parse(b) > Date.parse(a) ? b : a);
  return times.filter((time) => time != null).reduce(later, otherwise);
}

function row(adapter: Adapter, sessions: readonly Session[]): Row {
  const reason = adapter.reason ?? null;
  const owners = [...new Set(sessions.map((session) => session.owner?.pod).filter((pod) => pod !== undefined))].sort();
  return {
    name: adapter.name,
    mode: adapter.mode,
    admin: adapter.admin_state,
    status: adapter.status,
    reason,
    owners,
    next: sessions.length === 1 ? (sessions[0]?.next_owner ?? null) : null,
    changedAt: latest(sessions.map((session) => session.since), adapter.changed_at),
    sessions,
    pendingRestart: adapter.pending_restart,
    text: `${adapter.name} ${reason ?? ""} ${owners.join(" ")} ${adapter.pending_restart ? "restart pending" : ""}`.toLowerCase(),
    adapter,
  };
}

const isSame = (before: Row, adapter: Adapter, sessions: readonly Session[]): boolean =>
  before.adapter === adapter && before.sessions.length === sessions.length && before.sessions.every((session, index) => session === sessions[index]);

const NONE: readonly Session[] = [];

/** A row that nothing has happened to is the one from before: with thousands of them, only what changed may cost anything. */
export function rows(adapters: readonly Adapter[], sessions: readonly Session[], before: readonly Row[] = []): readonly Row[] {
  const byAdapter = new Map<string, Session[]>();
  for (const session of sessions) {
    const of = byAdapter.get(session.adapter);
    if (of) of.push(session);
    else byAdapter.set(session.adapter, [session]);
  }
  const known = new Map(before.map((one) => [one.name, one]));
  const all = adapters.map((adapter) => {
    const own = byAdapter.get(adapter.name) ?? NONE;
    const one = known.get(adapter.name);
    return one !== undefined && isSame(one, adapter, own) ? one : row(adapter, own);
  });
  return all.length === before.length && all.every((one, index) => one === before[index]) ? before : all;
}
