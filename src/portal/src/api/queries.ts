// What pages read. A key is a topic, the moment that is shown (null: now), and whatever narrows it down.

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useAt } from "../time/as-of";
import { get } from "./client";
import type { Event, Readiness, Session } from "./types";

/** Heartbeats are not in the event stream, so who shows them asks for them. Milliseconds. */
const HEARTBEAT_PACE = 2_000;

export function useWhoAmI() {
  return useQuery({ queryKey: ["whoami", null], queryFn: ({ signal }) => get("/v1/whoami", { signal }), staleTime: Infinity });
}

/** The same lists at a moment that need not be the one that pages show. */
export const adaptersAt = (at: string | null) =>
  queryOptions({ queryKey: ["adapters", at], queryFn: async ({ signal }) => (await get("/v1/adapters", { query: { at }, signal })).adapters });

export const sessionsAt = (at: string | null) =>
  queryOptions({ queryKey: ["sessions", at], queryFn: async ({ signal }) => withoutAges((await get("/v1/sessions", { query: { at }, signal })).sessions) });

/** A session that nothing has happened to is the same in the next list, so that nothing is drawn again for it. */
export const withoutAges = (sessions: readonly (Session & { lease_age_ms?: unknown })[]): Session[] => sessions.map(({ lease_age_ms: _, ...session }) => session);

export const useAdapters = () => useQuery(adaptersAt(useAt()));

export const useSessions = () => useQuery(sessionsAt(useAt()));

export function useAdapter(name: string) {
  const at = useAt();
  return useQuery({
    queryKey: ["adapters", at, name],
    queryFn: ({ signal }) => get("/v1/adapters/{name}", { path: { name }, query: { at }, signal }),
  });
}

export function usePods() {
  const at = useAt();
  return useQuery({
    queryKey: ["pods", at],
    queryFn: async ({ signal }) => (await get("/v1/pods", { query: { at }, signal })).pods,
    refetchInterval: at === null ? HEARTBEAT_PACE : false,
  });
}

/** How many heartbeats a picture shows. */
export const HEARTBEATS = 60;

/** Asked for only while it is `seen`: there may be hundreds of pods, and a screen shows a dozen. */
export function useHeartbeats(pod: string, seen: boolean) {
  const at = useAt();
  return useQuery({
    queryKey: ["heartbeats", at, pod],
    queryFn: ({ signal }) => get("/v1/pods/{pod}/heartbeats", { path: { pod }, query: { at, limit: HEARTBEATS }, signal }),
    enabled: seen,
    refetchInterval: at === null ? HEARTBEAT_PACE : false,
  });
}

export function useHistory(adapter: string, ordinal: string) {
  const at = useAt();
  return useQuery({
    queryKey: ["history", at, adapter, ordinal],
    queryFn: async ({ signal }) =>
      (await get("/v1/sessions/{adapter}/{ordinal}/history", { path: { adapter, ordinal }, query: { at }, signal })).ownerships,
  });
}

export interface LogFilter {
  session?: string | undefined;
  level?: string | undefined;
  category?: string | undefined;
}

export function useAdapterLog(name: string, filter: LogFilter) {
  const at = useAt();
  return useQuery({
    queryKey: ["log", at, name, filter],
    queryFn: async ({ signal }) =>
      (await get("/v1/adapters/{name}/log", { path: { name }, query: { ...filter, at, limit: 200 }, signal })).entries,
    placeholderData: keepPreviousData,
  });
}

export interface EventFilter {
  type?: string | undefined;
  session?: string | undefined;
  stream?: string | undefined;
  actor?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  before?: number | undefined;
  pulses?: boolean | undefined;
}

export interface EventPage {
  events: Event[];
  next: number | null;
  head: number;
}

export function useEvents(filter: EventFilter, limit = 100) {
  const at = useAt();
  return useQuery({
    queryKey: ["events", at, filter, limit],
    queryFn: async ({ signal }): Promise<EventPage> => {
      const query = { pulses: false, ...filter, at, limit, order: "desc" };
      const page = await get("/v1/events", { query, signal });
      return { events: page.events as unknown as Event[], next: page.next ?? null, head: page.head };
    },
    placeholderData: keepPreviousData,
  });
}

export function useMaintenance() {
  return useQuery({ queryKey: ["maintenance", null], queryFn: ({ signal }) => get("/v1/maintenance", { signal }) });
}

export function useAccessTokens() {
  return useQuery({ queryKey: ["tokens", null], queryFn: async ({ signal }) => (await get("/v1/tokens", { signal })).tokens });
}

/** How the orchestrator that answers and its database are. It tells while the database is away, too. */
export function useReadiness() {
  return useQuery({
    queryKey: ["readiness", null],
    queryFn: ({ signal }): Promise<Readiness> => get("/v1/status", { signal }),
    refetchInterval: 5_000,
  });
}
