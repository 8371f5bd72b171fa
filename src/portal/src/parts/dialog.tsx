// A question that has to be answered before anything else. The browser's own dialog keeps the focus inside and gives it back.

import { type ReactNode, useEffect, useId, useRef } from "react";

interface Question {
  title: string;
  close: () => void;
  children: ReactNode;
}

export function Dialog({ title, close, children }: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (shown !== null && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={heading} onCancel={(event) => (event.preventDefault(), close())}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

/** The end of a dialog: what went wrong, and the two ways out. */
export function Answers({ problem, busy, confirm, close, disabled = false }: { problem: Error | null; busy: boolean; confirm: string; close: () => void; disabled?: boolean }) {
  return (
    <>
      <p role="alert" className="problem">
        {problem?.message}
      </p>
      <div className="answers">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="primary" disabled={busy || disabled}>
          {busy ? "Sending…" : confirm}
        </button>
      </div>
    </>
  );
}

/** The end of a dialog that only tells: the one way out. */
export function Farewell({ word, close }: { word: string; close: () => void }) {
  return (
    <div className="answers">
      <button type="button" className="primary" onClick={close}>
        {word}
      </button>
    </div>
  );
}
