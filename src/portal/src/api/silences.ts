// How silent each pod was at every look of the last minutes, for as long as the page is open.

import { useEffect, useState } from "react";
import type { Pod } from "./types";

/** Looks that are remembered: at one every 2 s, two minutes. */
const LOOKS = 60;

export function useSilences(pods: readonly Pod[] | undefined, readAt: number): ReadonlyMap<string, readonly number[]> {
  const [silences, setSilences] = useState<ReadonlyMap<string, readonly number[]>>(new Map());
  useEffect(() => {
    if (pods === undefined) return;
    setSilences((before) => {
      const heard = pods.filter((pod) => pod.last_heartbeat_ms_ago != null);
      return new Map(heard.map((pod) => [pod.incarnation, [...(before.get(pod.incarnation) ?? []), pod.last_heartbeat_ms_ago ?? 0].slice(-LOOKS)]));
    });
    // Each look counts once, whether or not anything differs from the one before.
  }, [pods, readAt]);
  return silences;
}
