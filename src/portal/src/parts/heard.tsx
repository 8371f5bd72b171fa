// When each pod was last heard of, for the bars of leases. It changes every two seconds, so only the bars look at it, not the pages
// that they are in.

import { createContext, type ReactNode, useContext, useMemo } from "react";
import { usePods } from "../api/queries";
import type { Session } from "../api/types";
import { type Heard, heardOf, soonest } from "../logic/rows";
import { LeaseBar } from "./lease-bar";

const HeardContext = createContext<Heard>(new Map());

export function HeardProvider({ children }: { children: ReactNode }) {
  const pods = usePods();
  const heard = useMemo(() => heardOf(pods.data ?? [], pods.dataUpdatedAt), [pods.data, pods.dataUpdatedAt]);
  return <HeardContext value={heard}>{children}</HeardContext>;
}

/** What is left of the leases of some sessions: of the one that runs out first. */
export function LeaseOf({ sessions }: { sessions: readonly Session[] }) {
  return <LeaseBar lease={soonest(sessions, useContext(HeardContext))} />;
}
