// How much of a lease is left. The browser moves the bar by itself: no timer, however many there are.

import type { CSSProperties } from "react";
import type { LeaseSight } from "../logic/rows";
import { duration } from "../logic/when";

export function LeaseBar({ lease }: { lease: LeaseSight | null }) {
  if (lease === null) return <span className="quiet">–</span>;
  const age = Math.max(0, Date.now() - lease.heardAt);
  const style = { "--ttl": `${lease.ttl}ms`, "--age": `${-age}ms` } as CSSProperties;
  return (
    <span className="lease" role="img" aria-label={`lease of ${duration(lease.ttl)}, renewed by heartbeats`} title={`Lease of ${duration(lease.ttl)}`}>
      {/* A new heartbeat is a new bar: an animation cannot be set back. */}
      <span key={lease.heardAt} className="lease-left" style={style} />
    </span>
  );
}
