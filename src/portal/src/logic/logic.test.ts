// What is worked out without a browser.

import { describe, expect, it } from "vitest";
import type { Adapter, Event, Ownership, Pod, Session } from "../api/types";
import { attention } from "./attention";
import { cli, curl, flag, quoted } from "./commands";
import { isFiltered, matches, readFilter, writeFilter } from "./filter";
import { progress, said } from "./operation";
import { GATHER, pauseBefore } from "./pace";
import { merged } from "./merge";
import { heardOf, rows, soonest } from "./rows";
import { announcement, buckets, takeoverOf } from "./takeovers";
import { colourOf, ticks, timeline } from "./timeline";
import { touched, touchedRow } from "./touched";
import { ago, duration, moment } from "./when";

const adapter = (name: string, more: Partial<Adapter> = {}): Adapter => ({
  name, connector: "tcp", mode: "exclusive", admin_state: "ENABLED", status: "ACTIVE", reason: null, revision: 1, sessions: [`${name}/0`],
  changed_at: "2026-01-01T00:00:00Z", pending_restart: false, ...more,
} as Adapter);

const session = (id: string, pod: string | null, more: Partial<Session> = {}): Session => ({
  session: id, adapter: id.split("/")[0], mode: "exclusive", admin_state: "ENABLED", status: "ACTIVE", reason: null,
  owner: pod === null ? null : { pod, incarnation: `of-${pod}` }, ttl_ms: 5000,
  since: "2026-01-02T00:00:00Z", next_owner: "pod-9", ...more,
} as Session);

const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ pod: name, incarnation: `of-${name}`, status: "READY", sessions: [], capacity: 10, used: 0, last_heartbeat_ms_ago: 100, ...more } as Pod);

describe("rows", () => {
  const adapters = [adapter("a"), adapter("b", { sessions: ["b/0", "b/1"] })];
  const sessions = [session("a/0", "pod-1"), session("b/0", "pod-2", { ttl_ms: 3000 }), session("b/1", "pod-1")];
  const two = rows(adapters, sessions);

  it("join adapters and sessions", () => {
    expect(two.map((row) => row.owners)).toEqual([["pod-1"], ["pod-1", "pod-2"]]);
    expect(two.map((row) => row.next)).toEqual(["pod-9", null]);
    expect(two[0]?.changedAt).toBe("2026-01-02T00:00:00Z");
  });

  it("are those from before where nothing has happened", () => {
    expect(rows([...adapters], [...sessions], two)).toBe(two);
    const later = rows(adapters, [session("a/0", "pod-2"), ...sessions.slice(1)], two);
    expect([later[0] === two[0], later[1] === two[1]]).toEqual([false, true]);
    expect(rows(adapters.slice(1), sessions, two)).toEqual([two[1]]);
  });

  it("show the lease that runs out first, by the newest that is known of its owner", () => {
    const heard = heardOf([pod("pod-1", { last_heartbeat_ms_ago: 200 }), pod("pod-2", { last_heartbeat_ms_ago: 900 })], 12_000);
    expect(soonest(two[0]?.sessions ?? [], heard)).toEqual({ heardAt: 11_800, ttl: 5000 });
    expect(soonest(two[1]?.sessions ?? [], heard)).toEqual({ heardAt: 11_100, ttl: 3000 });
    expect(soonest(two[0]?.sessions ?? [], new Map())).toBeNull();
    expect(soonest([session("a/0", null)], heard)).toBeNull();
  });

  it("are merged with what was read again", () => {
    const [a, b, c] = [adapter("a"), adapter("b"), adapter("c")];
    const now = merged([a, b, c], [adapter("b", { status: "ERROR" }), adapter("d")], (one) => one.name, (one) => ["b", "c", "d"].includes(one.name));
    expect(now.map(({ name, status }) => [name, status])).toEqual([["a", "ACTIVE"], ["b", "ERROR"], ["d", "ACTIVE"]]);
    expect(now[0]).toBe(a);
  });
});

describe("filters", () => {
  const [row] = rows([adapter("venue-a", { reason: "no pod has room" })], [session("venue-a/0", "pod-1")]);
  const with_ = (query: string) => row !== undefined && matches(row, readFilter(new URLSearchParams(query)));

  it("find every word somewhere", () => {
    expect([with_("q=VENUE+room"), with_("q=venue+pod-1"), with_("q=venue+missing"), with_("pod=pod-2"), with_("status=ACTIVE&admin=ENABLED")]).toEqual([true, true, false, false, true]);
  });

  it("stand in the address and leave the rest of it alone", () => {
    const after = writeFilter(new URLSearchParams("at=7&q=x&mode=single"), { q: "", status: "ERROR" });
    expect(after.toString()).toBe("at=7&mode=single&status=ERROR");
    expect(isFiltered(readFilter(new URLSearchParams("at=7")))).toBe(false);
  });
});

describe("commands", () => {
  it("quote what a shell would read otherwise", () => {
    expect(quoted("venue-a/0")).toBe("venue-a/0");
    expect(quoted("it's $(rm -rf)")).toBe("'it'\\''s $(rm -rf)'");
    expect(cli("get", "adapters", ...flag("--at", null), null)).toBe("conncentric get adapters");
  });

  it("never show a token", () => {
    const line = curl("http://host:8080", "POST", "/v1/adapters/{name}", { path: { name: "a b" }, query: { at: null }, body: { names: ["x'y"] } });
    expect(line).toBe("curl -s -H \"Authorization: Bearer $CONNCENTRIC_TOKEN\" -X POST http://host:8080/v1/adapters/a%20b --json '{\"names\":[\"x'\\''y\"]}'");
  });
});

const owned = (pod: string, from: number, to: number | null, more: Partial<Ownership> = {}): Ownership => ({
  session: "a/0", owner: { pod, incarnation: "x" }, token: String(from), claimed_by: "placement", from_position: from, from: new Date(from).toISOString(),
  to_position: to, to: to === null ? null : new Date(to).toISOString(), ended_by: to === null ? null : "expired", ...more,
});

describe("timeline", () => {
  it("draws bars, and the gaps between them", () => {
    const { bars, gaps } = timeline([owned("pod-2", 600, null), owned("pod-1", 0, 400)], 0, 1000);
    expect(bars.map(({ pod, x, width }) => [pod, x, width])).toEqual([["pod-1", 0, 40], ["pod-2", 60, 40]]);
    expect(gaps).toEqual([{ x: 40, width: 20, milliseconds: 200, after: "expired" }]);
  });

  it("draws a gap up to the end when nobody owns it now", () => expect(timeline([owned("pod-1", 0, 900)], 0, 1000).gaps[0]).toMatchObject({ x: 90, width: 10 }));

  it("cuts what is out of sight, and keeps the shortest visible", () => {
    const { bars } = timeline([owned("pod-1", 0, 100), owned("pod-2", 100, 600), owned("pod-3", 999, 1000)], 500, 1500);
    expect(bars.map(({ pod, x }) => [pod, x])).toEqual([["pod-2", 0], ["pod-3", 49.9]]);
    expect(bars[1]?.width).toBe(0.25);
  });

  it("has round times, and neighbours of different colours", () => {
    expect(ticks(1_000, 61_000, 8).map((tick) => tick.time)).toEqual([15_000, 30_000, 45_000, 60_000]);
    expect(new Set(["pod-1", "pod-2", "pod-3"].map(colourOf)).size).toBe(3);
  });
});

describe("events", () => {
  const event = (type: string, stream: string, data: Record<string, unknown> | null = null) => ({ type, stream, data, position: 1, recorded_at: "" }) as Event;

  it("say which lists are out of date", () => {
    expect(touched(event("SessionLogged", "session:a/0"))).toEqual(["log", "events"]);
    expect(touched(event("SessionClaimed", "session:a/0"))).toContain("history");
    expect(touched(event("PodLost", "pod:x"))).toContain("pods");
    expect(touched(event("EpochBegan", "fleet"))).toContain("readiness");
    expect(touched(event("ActionAnswered", "session:a/0"))).toEqual(["actions", "sessions", "log", "events"]);
    expect(touched(event("ArtifactStored", "artifact:x"))).toContain("artifacts");
    // What comes by the hundred touches one row each.
    expect(touched(event("SessionStatusChanged", "session:a.b/12"))).not.toContain("sessions");
    expect(touchedRow(event("SessionStatusChanged", "session:a.b/12"))).toBe("a.b");
    expect(touchedRow(event("SessionClaimed", "session:a/0"))).toBeNull();
    expect(touched(event("AccessTokenRevoked", "access-token:x"))).toEqual(["events", "tokens"]);
  });

  it("tell takeovers", () => {
    const taken = (session: string, pod: string) => takeoverOf(event("SessionClaimed", `session:${session}`, { kind: "takeover", session, pod }));
    expect(takeoverOf(event("SessionClaimed", "session:a/0", { kind: "placement" }))).toBeNull();
    const all = [taken("a/0", "pod-2"), taken("b/0", "pod-1"), taken("c/0", "pod-2")].filter((one) => one !== null);
    expect(announcement(all.slice(0, 1))).toBe("pod-2 has taken over a/0");
    expect(announcement(all)).toBe("3 sessions were taken over by pod-1, pod-2");
    expect(announcement([])).toBeNull();
  });

  it("are counted by time", () => expect(buckets([5, 15, 16, 99, -1, 100], 100, 100, 10).map((bucket) => bucket.count)).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 1]));
});

describe("operations", () => {
  it("count what is done, and say what is waited for", () => {
    const all = [adapter("a", { status: "INACTIVE" }), adapter("b", { reason: "closing" }), adapter("c")];
    const disable = { kind: "disable", names: ["a", "b", "gone"] } as const;
    const now = progress(disable, all, []);
    expect(now).toEqual({ done: 1, total: 2, waiting: [{ name: "b", reason: "closing" }] });
    expect(said(disable, now)).toBe("1 of 2 closed");
  });

  it("follow a move and a drain", () => {
    const move = { kind: "move", sessions: ["a/0"], to: "pod-2" } as const;
    expect(said(move, progress(move, [], [session("a/0", "pod-1")]))).toBe("a/0 is on its way to pod-2");
    expect(said(move, progress(move, [], [session("a/0", "pod-2")]))).toBe("a/0 runs on pod-2");
    const restart = { kind: "restart", tokens: { "a/0": "7" } } as const;
    expect(said(restart, progress(restart, [], [session("a/0", "pod-1", { token: "7" })]))).toBe("a/0 restarts");
    expect(said(restart, progress(restart, [], [session("a/0", "pod-1", { token: "9" })]))).toBe("a/0 has restarted");
    const both = { ...move, sessions: ["a/0", "b/0"] };
    expect(said(both, progress(both, [], [session("a/0", "pod-2"), session("b/0", "pod-1")]))).toBe("1 of 2 moved to pod-2");
    expect(progress({ kind: "drain", pod: "pod-1", sessions: ["a/0", "b/0"] }, [], [session("a/0", "pod-2"), session("b/0", null)]).done).toBe(1);
  });
});

describe("attention", () => {
  it("goes to what is wrong, the gravest first", () => {
    const all = rows(
      [adapter("fine"), adapter("slow", { status: "CLAIMING" }), adapter("bad", { status: "ERROR", reason: "refused" }), adapter("off", { admin_state: "DISABLED", status: "INACTIVE" }), adapter("late", { reason: "its lease expires in 1 s" })],
      ["fine/0", "slow/0", "bad/0", "late/0"].map((id) => session(id, "pod-1")),
    );
    const concerns = attention(all, [pod("pod-1"), pod("pod-2", { status: "SILENT", sessions: ["x/0"] }), pod("pod-3", { status: "DRAINING" })]);
    expect(concerns.map((concern) => [concern.name, concern.grave])).toEqual([["bad", true], ["pod-2", true], ["late", false], ["pod-3", false], ["slow", false]]);
  });
});

describe("times", () => {
  it("are short", () => {
    expect([duration(40), duration(4_900), duration(125_000), duration(90_000_000)]).toEqual(["40 ms", "4 s", "2 min", "1 d"]);
    expect([ago(420), ago(125_000)]).toEqual(["0.4 s ago", "2 min ago"]);
    expect(moment("nonsense")).toBe("nonsense");
    expect(moment("2026-01-31T12:00:00", new Date("2026-01-31T13:00:00"))).toBe("12:00:00");
    expect(moment("2026-01-30T12:00:00", new Date("2026-01-31T13:00:00"))).toBe("2026-01-30 12:00:00");
  });
});

describe("pace", () => {
  it("leaves the machine three quarters of the time, and waits for nobody long", () => {
    expect(pauseBefore(0, 0)).toBe(GATHER);
    expect(pauseBefore(200, 100)).toBe(500);
    expect(pauseBefore(60_000, 0)).toBe(2_000);
  });
});
