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
  lease: LeaseSight | null;
  /** The last change of configuration, administrative state or owner. RFC 3339. */
  changedAt: string;
  sessions: Session[];
  /** A change of its settings waits for a restart of its sessions. */
  pendingRestart: boolean;
}

/** When the owner was last heard of, on this machine's clock (milliseconds), and how long the lease holds from then. */
export interface LeaseSight {
  heardAt: number;
  ttl: number;
}

/** When each incarnation was last heard of, from the list of pods, which was read at `readAt`. */
export function heardOf(pods: readonly Pod[], readAt: number): ReadonlyMap<string, number> {
  const heard = new Map<string, number>();
  for (const pod of pods) {
    if (pod.last_heartbeat_ms_ago != null) heard.set(pod.incarnation, readAt - pod.last_heartbeat_ms_ago);
  }
  return heard;
}

/** The lease of a session by the newest that is known of its owner. */
export function leaseOf(session: Session, readAt: number, heard: ReadonlyMap<string, number>): LeaseSight | null {
  if (session.owner == null || session.lease_age_ms == null) return null;
  const here = readAt - session.lease_age_ms;
  return { heardAt: Math.max(here, heard.get(session.owner.incarnation) ?? here), ttl: session.ttl_ms };
}

/** The lease that runs out first. */
function soonest(leases: readonly LeaseSight[]): LeaseSight | null {
  return leases.reduce<LeaseSight | null>((first, lease) => (first === null || lease.heardAt + lease.ttl < first.heardAt + first.ttl ? lease : first), null);
}

export function rows(adapters: readonly Adapter[], sessions: readonly Session[], readAt: number, heard: ReadonlyMap<string, number>): Row[] {
  const byAdapter = new Map<string, Session[]>();
  for (const session of sessions) {
    const of = byAdapter.get(session.adapter);
    if (of) of.push(session);
    else byAdapter.set(session.adapter, [session]);
  }
  return adapters.map((adapter) => {
    const own = byAdapter.get(adapter.name) ?? [];
    const leases = own.map((session) => leaseOf(session, readAt, heard)).filter((lease) => lease !== null);
    const since = own.map((session) => session.since ?? "").concat(adapter.changed_at);
    return {
      name: adapter.name,
      mode: adapter.mode,
      admin: adapter.admin_state,
      status: adapter.status,
      reason: adapter.reason ?? null,
      owners: [...new Set(own.map((session) => session.owner?.pod).filter((pod) => pod !== undefined))].sort(),
      next: own.length === 1 ? (own[0]?.next_owner ?? null) : null,
      lease: soonest(leases),
      changedAt: since.reduce((latest, time) => (Date.parse(time) > Date.parse(latest) ? time : latest), adapter.changed_at),
      sessions: own,
      pendingRestart: adapter.pending_restart,
    };
  });
}
