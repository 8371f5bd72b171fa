// Takeovers are said, not only shown: to screen readers at once, and to everybody as a line that goes away by itself.

import { useEffect, useRef, useState } from "react";
import { recent } from "../api/live";
import { useStore } from "../logic/store";
import { announcement, takeoverOf } from "../logic/takeovers";

const SHOWN = 12_000;

export function Announcer() {
  const events = useStore(recent);
  const seen = useRef<number | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    const last = seen.current ?? Number.NEGATIVE_INFINITY;
    const fresh = events.filter((event) => event.position > last);
    seen.current = events[0]?.position ?? seen.current;
    const text = announcement(fresh.map(takeoverOf).filter((takeover) => takeover !== null));
    if (text !== null) setSaid(text);
  }, [events]);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SHOWN);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div className="announcer" aria-live="polite" role="status" data-testid="announcer">
      {said !== null && (
        <p>
          <span aria-hidden="true">⇄</span> {said}
        </p>
      )}
    </div>
  );
}
