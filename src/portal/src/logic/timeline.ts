// The timeline of a session's owners: where each bar and each gap begins and how wide it is, as parts of the whole.

import type { Ownership } from "../api/types";

export interface Bar {
  pod: string;
  token: string;
  claimedBy: string;
  endedBy: string | null;
  from: string;
  to: string | null;
  position: number;
  /** Percent of the width. */
  x: number;
  width: number;
  /** Which colour the pod has. */
  colour: number;
}

export interface Gap {
  x: number;
  width: number;
  milliseconds: number;
  /** Why nobody owned it: how the ownership before ended. */
  after: string | null;
}

export interface Timeline {
  bars: Bar[];
  gaps: Gap[];
}

/** So many colours there are in pages.css. */
const COLOURS = 6;

/** Narrower bars could not be seen, in percent. */
const THINNEST = 0.25;

/** The same pod has the same colour everywhere, and neighbours such as pod-1 and pod-2 have different ones. */
export function colourOf(pod: string): number {
  return [...pod].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % COLOURS;
}

/** `begin` and `end` in milliseconds since 1970; ownerships in any order. What lasts is drawn up to the end. */
export function timeline(ownerships: readonly Ownership[], begin: number, end: number): Timeline {
  const span = Math.max(1, end - begin);
  const part = (time: number) => ((Math.min(Math.max(time, begin), end) - begin) * 100) / span;
  const inOrder = [...ownerships].sort((a, b) => a.from_position - b.from_position);
  const bars: Bar[] = [];
  const gaps: Gap[] = [];
  let before: Ownership | null = null;
  for (const ownership of inOrder) {
    const [from, to] = [Date.parse(ownership.from), ownership.to == null ? end : Date.parse(ownership.to)];
    if (before?.to != null) {
      const free = Date.parse(before.to);
      const [x, until] = [part(free), part(from)];
      if (from > free && until > x) gaps.push({ x, width: until - x, milliseconds: from - free, after: before.ended_by ?? null });
    }
    before = ownership;
    if (to < begin || from > end) continue;
    const x = part(from);
    bars.push({
      pod: ownership.owner.pod,
      token: ownership.token,
      claimedBy: ownership.claimed_by,
      endedBy: ownership.ended_by ?? null,
      from: ownership.from,
      to: ownership.to ?? null,
      position: ownership.from_position,
      x: Math.min(x, 100 - THINNEST),
      width: Math.max(THINNEST, part(to) - x),
      colour: colourOf(ownership.owner.pod),
    });
  }
  // Nobody has owned it since.
  if (before?.to != null && Date.parse(before.to) < end) {
    const x = part(Date.parse(before.to));
    gaps.push({ x, width: 100 - x, milliseconds: end - Date.parse(before.to), after: before.ended_by ?? null });
  }
  return { bars, gaps };
}

/** Round times between two moments, about so many, with where they are. */
export function ticks(begin: number, end: number, about: number): { x: number; time: number }[] {
  const steps = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800].map((seconds) => seconds * 1000);
  const span = end - begin;
  const step = steps.find((size) => span / size <= about) ?? span / about;
  const found = [];
  for (let time = Math.ceil(begin / step) * step; time <= end; time += step) {
    found.push({ x: ((time - begin) * 100) / span, time });
  }
  return found;
}
