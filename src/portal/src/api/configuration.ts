// What is read about the configuration of adapters, and about actions that were sent to their sessions.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get } from "./client";

export function useConnectors() {
  return useQuery({ queryKey: ["connectors", null], queryFn: async ({ signal }) => (await get("/v1/connectors", { signal })).connectors });
}

/** Revisions on one page. */
const REVISIONS = 50;

/** The revisions of an adapter before one of them, newest first. */
export function useRevisions(name: string, before: number | null) {
  return useQuery({
    queryKey: ["adapters", null, name, "revisions", before],
    queryFn: ({ signal }) => get("/v1/adapters/{name}/revisions", { path: { name }, query: { before, limit: REVISIONS }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** The newest actions of a session, newest first. */
export function useActions(session: string, limit: number) {
  const [adapter = "", ordinal = ""] = session.split("/");
  return useQuery({
    queryKey: ["actions", null, session, limit],
    queryFn: async ({ signal }) => (await get("/v1/sessions/{adapter}/{ordinal}/actions", { path: { adapter, ordinal }, query: { limit }, signal })).actions,
  });
}
