// Whatever is on its way, in a corner of every page until it is done and somebody has seen it.

import { useAdapters, useSessions } from "../api/queries";
import { type Operation, progress, said } from "../logic/operation";
import { store, useStore } from "../logic/store";
import { useAt } from "../time/as-of";

interface Running {
  id: number;
  operation: Operation;
}

const running = store<readonly Running[]>([]);
let next = 1;

export function watchOperation(operation: Operation): void {
  running.update((all) => [...all, { id: next++, operation }]);
}

export function Operations() {
  const all = useStore(running);
  const past = useAt() !== null;
  return (
    <aside className="operations" aria-label="On its way">
      {past ? null : all.map((one) => <Card key={one.id} {...one} />)}
    </aside>
  );
}

function Card({ id, operation }: Running) {
  const adapters = useAdapters();
  const sessions = useSessions();
  const now = progress(operation, adapters.data ?? [], sessions.data ?? []);
  const done = now.done === now.total;
  const text = said(operation, now);
  return (
    <div className={`operation ${done ? "done" : ""}`} data-done={done}>
      <p role="status">
        <span aria-hidden="true">{done ? "✓" : "…"}</span> {text}
      </p>
      <progress value={now.done} max={Math.max(1, now.total)} aria-label={text} />
      {now.waiting.map(({ name, reason }) => (
        <p key={name} className="quiet small">
          {name}: {reason ?? "on its way"}
        </p>
      ))}
      <button type="button" onClick={() => running.update((before) => before.filter((one) => one.id !== id))} aria-label={`Dismiss: ${text}`}>
        Dismiss
      </button>
    </div>
  );
}
