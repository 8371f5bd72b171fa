// Takeovers, found in events.

import type { Event } from "../api/types";

export interface Takeover {
  position: number;
  session: string;
  to: string;
  at: string;
}

export function takeoverOf(event: Event): Takeover | null {
  if (event.type !== "SessionClaimed" || event.data?.["kind"] !== "takeover") return null;
  const { session, pod } = event.data;
  return { position: event.position, session: String(session), to: String(pod), at: event.recorded_at };
}

/** One sentence for however many happened together. Null if none did. */
export function announcement(takeovers: readonly Takeover[]): string | null {
  const [one] = takeovers;
  if (one === undefined) return null;
  if (takeovers.length === 1) return `${one.to} has taken over ${one.session}`;
  const pods = [...new Set(takeovers.map((takeover) => takeover.to))].sort();
  return `${takeovers.length} sessions were taken over by ${pods.join(", ")}`;
}

export interface Bucket {
  /** Where it begins, in milliseconds since 1970. */
  start: number;
  count: number;
}

/** How many happened in each of `count` equal parts of the time before `end`. */
export function buckets(times: readonly number[], end: number, span: number, count: number): Bucket[] {
  const size = span / count;
  const begin = end - span;
  const counted = Array.from({ length: count }, (_, index) => ({ start: begin + index * size, count: 0 }));
  for (const time of times) {
    const bucket = counted[Math.floor((time - begin) / size)];
    if (bucket && time >= begin && time <= end) bucket.count += 1;
  }
  return counted;
}
