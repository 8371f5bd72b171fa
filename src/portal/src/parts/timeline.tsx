// A session's owners as a picture: one bar per ownership, gaps hatched, takeovers and handovers marked. Each bar leads to its event.

import { type MouseEvent, useMemo } from "react";
import { useLocation } from "wouter";
import type { Ownership } from "../api/types";
import { type Bar, type Gap, ticks, timeline } from "../logic/timeline";
import { duration, moment } from "../logic/when";
import { useAt } from "../time/as-of";
import { within } from "./link";

const HEIGHT = 26;

const MARKS: Record<string, string> = { takeover: "⇄", handover: "→", placement: "", request: "" };

function words(bar: Bar): string {
  const end = bar.to === null ? "still owns it" : `${bar.endedBy ?? "ended"} ${moment(bar.to)}`;
  return `${bar.pod}: ${bar.claimedBy} ${moment(bar.from)}, ${end}`;
}

const gapWords = (gap: Gap): string => `nobody for ${duration(gap.milliseconds)}${gap.after === null ? "" : `, after the lease was ${gap.after}`}`;

export function OwnerTimeline({ session, ownerships, begin, end }: { session: string; ownerships: readonly Ownership[]; begin: number; end: number }) {
  const { bars, gaps } = useMemo(() => timeline(ownerships, begin, end), [ownerships, begin, end]);
  const [, navigate] = useLocation();
  const at = useAt();
  return (
    <svg className="timeline" width="100%" height={HEIGHT} role="group" aria-label={`Owners of ${session}`}>
      {gaps.map((gap) => (
        <g key={`gap-${gap.x}`}>
          <title>{gapWords(gap)}</title>
          <line className="gap" x1={`${gap.x}%`} x2={`${gap.x + gap.width}%`} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        </g>
      ))}
      {bars.map((bar) => {
        const target = within("/events", { session, position: String(bar.position), at });
        const open = (event: MouseEvent) => {
          event.preventDefault();
          navigate(target);
        };
        return (
          <a key={bar.position} href={target} onClick={open} aria-label={words(bar)}>
            <title>{words(bar)}</title>
            <rect className={`bar pod-${bar.colour}`} x={`${bar.x}%`} width={`${bar.width}%`} y={2} height={HEIGHT - 4} rx={3} />
            {bar.endedBy === "expired" && <line className="expired" x1={`${bar.x + bar.width}%`} x2={`${bar.x + bar.width}%`} y1={0} y2={HEIGHT} />}
            {bar.width > 2 && (
              <text x={`${bar.x}%`} dx={6} y={HEIGHT / 2 + 4}>
                {MARKS[bar.claimedBy] ?? ""} {bar.width > 7 ? bar.pod : ""}
              </text>
            )}
          </a>
        );
      })}
    </svg>
  );
}

/** The times below the bars. */
export function TimeAxis({ begin, end }: { begin: number; end: number }) {
  return (
    <svg className="axis" width="100%" height={18} aria-hidden="true">
      {ticks(begin, end, Math.max(2, Math.min(8, window.innerWidth / 150))).map(({ x, time }) => (
        <g key={time}>
          <line x1={`${x}%`} x2={`${x}%`} y1={0} y2={4} />
          <text x={`${x}%`} y={15} textAnchor={x < 4 ? "start" : x > 96 ? "end" : "middle"}>
            {moment(new Date(time).toISOString())}
          </text>
        </g>
      ))}
    </svg>
  );
}
