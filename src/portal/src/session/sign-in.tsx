// Sign-in with an access token. It stays in this tab and is forgotten with it.

import { type FormEvent, useId, useState } from "react";
import { ApiError, refusal } from "../api/client";
import type { WhoAmI } from "../api/types";
import { useStore } from "../logic/store";
import { ThemeSwitch } from "../parts/theme";
import { credential, enter } from "./credential";

async function check(token: string): Promise<WhoAmI> {
  // No page is open yet, so this is asked with the token in hand.
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch("/v1/whoami", { headers, cache: "no-store" }).catch(() => {
    throw new ApiError(0, "unreachable", "No answer from the server. Is an orchestrator running there?");
  });
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as WhoAmI;
}

export function SignIn() {
  const { because } = useStore(credential);
  const [problem, setProblem] = useState<string | null>(because);
  const [waiting, setWaiting] = useState(false);
  const field = useId();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (given === "") return setProblem("Paste an access token first.");
    if (/[^\x21-\x7e]/.test(given)) return setProblem("That is no access token: it has no spaces and no special characters.");
    setWaiting(true);
    try {
      const user = await check(given);
      if (user.role === "pod") setProblem("This access token is a pod's. The Portal needs one of role viewer, operator or admin.");
      else enter(given);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setWaiting(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)} className="card">
        <h1>Conncentric</h1>
        <p className="quiet">Sign in with an access token of role viewer, operator or admin.</p>
        <label htmlFor={field}>Access token</label>
        <input
          id={field}
          name="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          placeholder="cct_…"
          aria-invalid={problem !== null}
          aria-describedby={`${field}-problem ${field}-hint`}
        />
        <p id={`${field}-problem`} role="alert" className="problem">
          {problem}
        </p>
        <button type="submit" className="primary" disabled={waiting}>
          {waiting ? "Signing in…" : "Sign in"}
        </button>
        <p id={`${field}-hint`} className="quiet small">
          <code>conncentric token create --role viewer --name you</code> makes one. It stays in this tab and is forgotten when you close it.
        </p>
      </form>
      <ThemeSwitch />
    </main>
  );
}
