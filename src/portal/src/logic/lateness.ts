// How punctual a pod's heartbeats are, from when each was recorded.

import type { Heartbeat } from "../api/types";

export interface Lateness {
  /** Milliseconds between one heartbeat and the next, oldest first. */
  gaps: number[];
  /** The pod counts its heartbeats: so many of these were never recorded. */
  lost: number;
  longest: number;
  /** Gaps from here on are late, in milliseconds. The same bound makes a pod SILENT. */
  late: number;
}

/** Heartbeats newest first, as the API has them. Null for too few to say anything. */
export function lateness(heartbeats: readonly Heartbeat[], interval: number): Lateness | null {
  if (heartbeats.length < 2) return null;
  const inOrder = [...heartbeats].reverse();
  const gaps: number[] = [];
  let lost = 0;
  for (const [index, beat] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before === undefined) continue;
    gaps.push(Math.max(0, Date.parse(beat.recorded_at) - Date.parse(before.recorded_at)));
    // A registration that is repeated counts as a sign of life too, and has no number.
    if (before.sequence > 0) lost += Math.max(0, beat.sequence - before.sequence - 1);
  }
  return { gaps, lost, longest: Math.max(...gaps), late: interval * 2 };
}
