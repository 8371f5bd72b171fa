// The adapters with their sessions, as rows, by the newest that is known.

import { useMemo } from "react";
import { heardOf, rows, type Row } from "../logic/rows";
import { useAdapters, usePods, useSessions } from "./queries";

export interface Rows {
  rows: Row[];
  /** Whether both lists were read at least once. */
  ready: boolean;
  error: Error | null;
  retry: () => void;
}

export function useRows(): Rows {
  const adapters = useAdapters();
  const sessions = useSessions();
  const pods = usePods();
  const readAt = sessions.dataUpdatedAt;
  const all = useMemo(
    () => rows(adapters.data ?? [], sessions.data ?? [], readAt, heardOf(pods.data ?? [], pods.dataUpdatedAt)),
    [adapters.data, sessions.data, readAt, pods.data, pods.dataUpdatedAt],
  );
  return {
    rows: all,
    ready: adapters.data !== undefined && sessions.data !== undefined,
    error: adapters.error ?? sessions.error,
    retry: () => void Promise.all([adapters.refetch(), sessions.refetch()]),
  };
}
