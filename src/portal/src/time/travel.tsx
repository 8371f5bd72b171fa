// The one control of time: "as of" for every page, and the banner that says so.

import { type FormEvent, useId, useState } from "react";
import { moment, toLocalInput } from "../logic/when";
import { Dialog } from "../parts/dialog";
import { useAt, useSetAt } from "./as-of";

/** A moment as it is read out. */
function named(at: string): string {
  return /^\d+$/.test(at) ? `position ${at}` : moment(at);
}

export function TimeTravel() {
  const at = useAt();
  const [asking, ask] = useState(false);
  return (
    <>
      <button type="button" onClick={() => ask(true)} className={at === null ? undefined : "past"}>
        As of: {at === null ? "now" : named(at)}
      </button>
      {asking && <AskMoment close={() => ask(false)} />}
    </>
  );
}

const STEPS = [
  ["1 minute ago", 60_000],
  ["10 minutes ago", 600_000],
  ["1 hour ago", 3_600_000],
  ["1 day ago", 86_400_000],
] as const;

function AskMoment({ close }: { close: () => void }) {
  const at = useAt();
  const setAt = useSetAt();
  const [problem, setProblem] = useState<string | null>(null);
  const field = useId();
  const go = (moment: string | null) => {
    setAt(moment);
    close();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [time, position] = [String(form.get("time") ?? ""), String(form.get("position") ?? "").trim()];
    if (position !== "") return /^\d+$/.test(position) ? go(position) : setProblem("A position is a whole number.");
    const date = new Date(time);
    if (time === "" || Number.isNaN(date.getTime())) return setProblem("Choose a time, or write a position of the log.");
    if (date.getTime() > Date.now()) return setProblem("That is in the future.");
    go(date.toISOString());
  };
  const shown = at !== null && !/^\d+$/.test(at) ? new Date(at) : new Date();
  return (
    <Dialog title="Show every page as it was" close={close}>
      <form onSubmit={submit}>
        <label htmlFor={`${field}-time`}>At this time</label>
        <input id={`${field}-time`} name="time" type="datetime-local" step={1} defaultValue={toLocalInput(shown)} />
        <label htmlFor={`${field}-position`}>or at this position of the log</label>
        <input id={`${field}-position`} name="position" inputMode="numeric" autoComplete="off" defaultValue={at !== null && /^\d+$/.test(at) ? at : ""} />
        <div className="steps">
          {STEPS.map(([words, milliseconds]) => (
            <button key={words} type="button" onClick={() => go(new Date(Date.now() - milliseconds).toISOString())}>
              {words}
            </button>
          ))}
        </div>
        <p role="alert" className="problem">
          {problem}
        </p>
        <div className="answers">
          <button type="button" onClick={close}>
            Cancel
          </button>
          {at !== null && (
            <button type="button" onClick={() => go(null)}>
              Now
            </button>
          )}
          <button type="submit" className="primary">
            Go there
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function PastBanner() {
  const at = useAt();
  const setAt = useSetAt();
  if (at === null) return null;
  const time = /^\d+$/.test(at) ? null : Date.parse(at);
  const step = (milliseconds: number) => time !== null && setAt(new Date(Math.min(time + milliseconds, Date.now())).toISOString());
  return (
    <div className="past-banner" role="status">
      <span>
        <span aria-hidden="true">↶</span> You see everything as it was at <strong>{named(at)}</strong>. Nothing can be changed from here.
      </span>
      {time !== null && (
        <>
          <button type="button" onClick={() => step(-60_000)}>
            − 1 min
          </button>
          <button type="button" onClick={() => step(60_000)}>
            + 1 min
          </button>
        </>
      )}
      <button type="button" className="primary" onClick={() => setAt(null)}>
        Back to now
      </button>
    </div>
  );
}
