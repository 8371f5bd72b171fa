// Artifacts and plugins: what is stored.

import { useQuery } from "@tanstack/react-query";
import { useAt } from "../time/as-of";
import { bytes, get } from "./client";

export function useArtifacts() {
  const at = useAt();
  return useQuery({ queryKey: ["artifacts", at], queryFn: async ({ signal }) => (await get("/v1/artifacts", { query: { at }, signal })).artifacts });
}

export function useArtifact(name: string) {
  const at = useAt();
  return useQuery({ queryKey: ["artifacts", at, name], queryFn: ({ signal }) => get("/v1/artifacts/{name}", { path: { name }, query: { at }, signal }) });
}

export function usePlugins() {
  const at = useAt();
  return useQuery({ queryKey: ["plugins", at], queryFn: async ({ signal }) => (await get("/v1/plugins", { query: { at }, signal })).plugins });
}

/** The bytes of one version of an artifact. */
export const content = (name: string, version: number, signal?: AbortSignal): Promise<Blob> =>
  bytes("/v1/artifacts/{name}/content", { path: { name }, query: { version }, signal });
