// The credential of this tab. Today that is an access token that somebody pasted; an identity provider would put its token here
// as well, and nothing else of the Portal would have to know.

import { store } from "../logic/store";

const KEY = "conncentric.token";

export interface Credential {
  token: string | null;
  /** Why there is none any more, if that was not by choice. */
  because: string | null;
}

function remembered(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden; then the token lives as long as the page.
    return null;
  }
}

function remember(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // As above.
  }
}

export const credential = store<Credential>({ token: remembered(), because: null });

export const token = (): string | null => credential.get().token;

export function enter(token: string): void {
  remember(token);
  credential.set({ token, because: null });
}

export function leave(because: string | null = null): void {
  remember(null);
  credential.set({ token: null, because });
}
