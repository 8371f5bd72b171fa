// The one control of time: "as of" for every page, and the banner that says so.

import { type FormEvent, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { isPosition, named, toLocalInput } from "../logic/when";
import { Dialog } from "../parts/dialog";
import { within } from "../parts/link";
import { useAt, useSetAt } from "./as-of";

const changesSince = (since: string, at: string | null): string => within("/changes", { since, at });


export function TimeTravel() {
  const at = useAt();
  const [asking, ask] = useState(false);
  return (
    <>
      <button type="button" onClick={() => ask(true)} className={at === null ? undefined : "past"}>
        As of: {named(at)}
      </button>
      {asking && <AskTravel close={() => ask(false)} />}
    </>
  );
}

function AskTravel({ close }: { close: () => void }) {
  const at = useAt();
  const setAt = useSetAt();
  const [, navigate] = useLocation();
  const go = (moment: string | null) => {
    setAt(moment);
    close();
  };
  const compare = (since: string) => {
    navigate(changesSince(since, at));
    close();
  };
  return <AskMoment title="Show every page as it was" shown={at} confirm="Go there" go={go} now={at === null ? null : () => go(null)} compare={compare} close={close} />;
}

const STEPS = [
  ["1 minute ago", 60_000],
  ["10 minutes ago", 600_000],
  ["1 hour ago", 3_600_000],
  ["1 day ago", 86_400_000],
] as const;

/** The moment that a form names. */
function momentOf(form: FormData): string {
  const [time, position] = [String(form.get("time") ?? ""), String(form.get("position") ?? "").trim()];
  if (position !== "") {
    if (!/^\d+$/.test(position)) throw new Error("A position is a whole number.");
    return position;
  }
  const date = new Date(time);
  if (time === "" || Number.isNaN(date.getTime())) throw new Error("Choose a time, or write a position of the log.");
  if (date.getTime() > Date.now()) throw new Error("That is in the future.");
  return date.toISOString();
}

interface MomentQuestion {
  title: string;
  /** What the fields begin with; null is now. */
  shown: string | null;
  confirm: string;
  go: (moment: string) => void;
  now?: (() => void) | null;
  /** What changed since the moment of the fields is another way out. */
  compare?: ((since: string) => void) | undefined;
  close: () => void;
}

export function AskMoment({ title, shown, confirm, go, now = null, compare, close }: MomentQuestion) {
  const [problem, setProblem] = useState<string | null>(null);
  const field = useId();
  const form = useRef<HTMLFormElement>(null);
  const take = (use: (moment: string) => void) => {
    if (form.current === null) return;
    try {
      use(momentOf(new FormData(form.current)));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    take(go);
  };
  const position = shown !== null && isPosition(shown) ? shown : "";
  const time = shown !== null && !isPosition(shown) ? new Date(shown) : new Date();
  return (
    <Dialog title={title} close={close}>
      <form ref={form} onSubmit={submit}>
        <label htmlFor={`${field}-time`}>At this time</label>
        <input id={`${field}-time`} name="time" type="datetime-local" step={1} defaultValue={toLocalInput(time)} />
        <label htmlFor={`${field}-position`}>or at this position of the log</label>
        <input id={`${field}-position`} name="position" inputMode="numeric" autoComplete="off" defaultValue={position} />
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
          {now !== null && (
            <button type="button" onClick={now}>
              Now
            </button>
          )}
          {compare !== undefined && (
            <button type="button" onClick={() => take(compare)}>
              What changed since
            </button>
          )}
          <button type="submit" className="primary">
            {confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function PastBanner() {
  const at = useAt();
  const [, navigate] = useLocation();
  const setAt = useSetAt();
  if (at === null) return null;
  const time = isPosition(at) ? null : Date.parse(at);
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
      <button type="button" onClick={() => navigate(changesSince(at, null))}>
        What changed since
      </button>
      <button type="button" className="primary" onClick={() => setAt(null)}>
        Back to now
      </button>
    </div>
  );
}
