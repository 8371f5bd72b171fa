// What needs somebody's attention now, the gravest first, each with a reason.

import type { Pod } from "../api/types";
import { inOrder } from "./order";
import type { Row } from "./rows";

export interface Concern {
  kind: "adapter" | "pod";
  name: string;
  path: string;
  state: string;
  reason: string;
  grave: boolean;
}

function ofAdapter(row: Row): Concern | null {
  const wanted = row.admin === "ENABLED";
  const at = { kind: "adapter", name: row.name, path: `/adapters/${encodeURIComponent(row.name)}` } as const;
  if (row.status === "ERROR") return { ...at, state: row.status, reason: row.reason ?? "no reason was given", grave: true };
  if (wanted && row.status !== "ACTIVE") return { ...at, state: row.status, reason: row.reason ?? "on its way", grave: row.owners.length === 0 };
  // Active, but with something to say: a lease that is about to run out.
  if (wanted && row.reason !== null) return { ...at, state: row.status, reason: row.reason, grave: false };
  if (row.pendingRestart) return { ...at, state: row.status, reason: "restart pending: it runs with older settings", grave: false };
  if (!wanted && row.status !== "INACTIVE") return { ...at, state: row.status, reason: row.reason ?? "still closing", grave: false };
  return null;
}

function ofPod(pod: Pod): Concern | null {
  const at = { kind: "pod", name: pod.pod, path: "/pods" } as const;
  const held = `holds ${pod.sessions.length} ${pod.sessions.length === 1 ? "session" : "sessions"}`;
  if (pod.status === "SILENT") return { ...at, state: pod.status, reason: held, grave: pod.sessions.length > 0 };
  if (pod.status === "DRAINING") return { ...at, state: pod.status, reason: `${held}, takes no new ones until it is undrained`, grave: false };
  return null;
}

export function attention(rows: readonly Row[], pods: readonly Pod[]): Concern[] {
  const all = [...rows.map(ofAdapter), ...pods.map(ofPod)].filter((concern) => concern !== null);
  return all.sort((a, b) => Number(b.grave) - Number(a.grave) || inOrder(a.name, b.name));
}
