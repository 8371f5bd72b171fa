// What stands where there is nothing to show yet, nothing at all, or something went wrong.

import type { ReactNode } from "react";
import { ApiError } from "../api/client";

export function Loading({ what }: { what: string }) {
  return (
    <p className="state" role="status">
      <span className="spinner" aria-hidden="true" /> Reading {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const passing = error instanceof ApiError && error.passing;
  return (
    <div className="state failed" role="alert">
      <p>
        <strong>{passing ? "This cannot be read right now" : "This cannot be shown"}</strong>
      </p>
      <p>{error.message}</p>
      {passing && <p className="quiet">Sessions go on without the Portal. It tries again by itself.</p>}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A list that could be read once and cannot be read now: it is still shown, and said to be old. */
export function Outdated({ error }: { error: Error | null }) {
  return error === null ? null : (
    <p className="outdated" role="status">
      ⚠ Not up to date: {error.message}
    </p>
  );
}
