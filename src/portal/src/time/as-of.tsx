// Time travel: the moment that every page shows is in the address, so that it can be sent to somebody else.

import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** The moment that is shown: a time (RFC 3339) or a position of the log. Null is now. */
export function useAt(): string | null {
  const [search] = useSearchParams();
  return search.get("at") || null;
}

export function useSetAt(): (at: string | null) => void {
  const [, setSearch] = useSearchParams();
  return useCallback(
    (at) =>
      setSearch((before) => {
        const after = new URLSearchParams(before);
        if (at === null) after.delete("at");
        else after.set("at", at);
        return after;
      }),
    [setSearch],
  );
}
