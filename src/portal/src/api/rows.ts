// The adapters with their sessions, as rows, by the newest that is known.

import { useMemo, useRef } from "react";
import { rows, type Row } from "../logic/rows";
import { useAdapters, useSessions } from "./queries";

export interface Rows {
  rows: readonly Row[];
  /** Whether both lists were read at least once. */
  ready: boolean;
  error: Error | null;
  retry: () => void;
}

export function useRows(): Rows {
  const adapters = useAdapters();
  const sessions = useSessions();
  const before = useRef<readonly Row[]>([]);
  const all = useMemo(() => (before.current = rows(adapters.data ?? [], sessions.data ?? [], before.current)), [adapters.data, sessions.data]);
  return {
    rows: all,
    ready: adapters.data !== undefined && sessions.data !== undefined,
    error: adapters.error ?? sessions.error,
    retry: () => void Promise.all([adapters.refetch(), sessions.refetch()]),
  };
}
