// What is worked out about moments: what differs between two of them, and how punctual heartbeats are.

import { describe, expect, it } from "vitest";
import type { Adapter, Heartbeat, Session } from "../api/types";
import { difference } from "./difference";
import { lateness } from "./lateness";
import { isPosition, named } from "./when";

const adapter = (name: string, more: Partial<Adapter> = {}) => ({ name, connector: "tcp", admin_state: "ENABLED", status: "ACTIVE", reason: null, revision: 1, ...more }) as Adapter;
const session = (id: string, pod: string | null, token: string | null) =>
  ({ session: id, adapter: id.split("/")[0], owner: pod === null ? null : { pod, incarnation: "x" }, token }) as Session;

describe("the difference between two moments", () => {
  const told = (before: [Adapter[], Session[]], after: [Adapter[], Session[]]) =>
    difference({ adapters: before[0], sessions: before[1] }, { adapters: after[0], sessions: after[1] }).map(({ about, what, before: was, after: is }) => [about, what, was, is]);

  it("is nothing where nothing changed", () => expect(told([[adapter("a")], [session("a/0", "pod-1", "7")]], [[adapter("a")], [session("a/0", "pod-1", "7")]])).toEqual([]));

  it("names what was asked for before what followed from it", () => {
    const off = adapter("a", { admin_state: "DISABLED", status: "INACTIVE", reason: "disabled by olga", revision: 2 });
    expect(told([[adapter("a")], [session("a/0", "pod-1", "7")]], [[off], [session("a/0", null, null)]])).toEqual([
      ["a", "wanted", "ENABLED", "DISABLED"],
      ["a", "status", "ACTIVE", "INACTIVE: disabled by olga"],
      ["a", "settings", "revision 1", "revision 2"],
      ["a/0", "owner", "pod-1", null],
    ]);
  });

  it("sees a session that came back to the pod that it left", () =>
    expect(told([[], [session("a/0", "pod-1", "7")]], [[], [session("a/0", "pod-1", "9")]])).toEqual([["a/0", "owner", "pod-1", "pod-1 (claimed again)"]]));

  it("tells adapters that came and went, in the order of names", () =>
    expect(told([[adapter("venue-10")], []], [[adapter("venue-9")], [session("venue-9/0", "pod-1", "3")]])).toEqual([
      ["venue-9", "declared or deleted", null, "tcp, ENABLED"],
      ["venue-9/0", "owner", null, "pod-1"],
      ["venue-10", "declared or deleted", "tcp, ENABLED", null],
    ]));
});

describe("heartbeats", () => {
  const beat = (sequence: number, at: number) => ({ sequence, recorded_at: new Date(at).toISOString(), position: sequence, recorded_by: "orchestrator:o" }) as Heartbeat;

  it("are as late as the time between them", () => expect(lateness([beat(3, 2_500), beat(2, 1_000), beat(1, 0)], 700)).toEqual({ gaps: [1_000, 1_500], lost: 0, longest: 1_500, late: 1_400 }));

  it("that are missing in the pod's own count were lost", () => {
    expect(lateness([beat(6, 2_000), beat(2, 1_000)], 700)?.lost).toBe(3);
    // A registration that is repeated has no number.
    expect(lateness([beat(6, 3_000), beat(0, 2_000), beat(5, 1_000)], 700)?.lost).toBe(0);
  });

  it("say nothing while there are too few", () => expect(lateness([beat(1, 0)], 700)).toBeNull());
});

describe("moments", () => {
  it("are a time or a position", () => {
    expect([isPosition("1200"), isPosition("2026-01-31T12:00:00Z")]).toEqual([true, false]);
    expect([named(null), named("1200")]).toEqual(["now", "position 1200"]);
  });
});
