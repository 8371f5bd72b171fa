// How punctual the heartbeats of a pod are, as the log has them: one bar a heartbeat, as high as the time since the one before.

import { HEARTBEATS, useHeartbeats } from "../api/queries";
import { lateness } from "../logic/lateness";
import { finely } from "../logic/when";
import { Sparkline } from "./sparkline";

export function Heartbeats({ pod, seen }: { pod: string; seen: boolean }) {
  const heartbeats = useHeartbeats(pod, seen);
  const { data } = heartbeats;
  const found = data === undefined ? null : lateness(data.heartbeats, data.interval_ms);
  return (
    <>
      <dt>Heartbeats</dt>
      <dd className="heartbeats">
        {heartbeats.error ? (
          <span className="problem">{heartbeats.error.message}</span>
        ) : data === undefined ? (
          <span className="quiet">…</span>
        ) : found === null ? (
          <span className="quiet">too few yet</span>
        ) : (
          <>
            <Sparkline values={found.gaps} slots={HEARTBEATS - 1} high={found.late} label={`time between the last ${found.gaps.length + 1} heartbeats of ${pod}: at most ${finely(found.longest)}, late beyond ${finely(found.late)}`} />
            <span className="quiet small">
              due every {finely(data.interval_ms)}, at most {finely(found.longest)} apart
              {found.lost > 0 && <span className="late-text">, {found.lost} lost</span>}
            </span>
          </>
        )}
      </dd>
    </>
  );
}
