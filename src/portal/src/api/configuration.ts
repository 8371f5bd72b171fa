// What is read about the configuration of adapters.

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
