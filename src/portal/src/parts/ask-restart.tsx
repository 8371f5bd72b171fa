// Restarting sessions where they are: the same pod closes each and starts it again, with the newest settings.

import { post } from "../api/client";
import type { Session } from "../api/types";
import { AskEach, type Sent, sendToEach } from "./ask-each";
import { watchOperation } from "./operations";

async function restartAll(sessions: readonly Session[]): Promise<Sent> {
  const names = sessions.map((session) => session.session);
  const tokens = new Map(sessions.map((session) => [session.session, session.token ?? ""]));
  const sent = await sendToEach(names, (path) => post("/v1/sessions/{adapter}/{ordinal}/actions", { path, body: { action: "restart", parameters: {} } }));
  if (sent.accepted.length > 0) watchOperation({ kind: "restart", tokens: Object.fromEntries(sent.accepted.map((name) => [name, tokens.get(name) ?? ""])) });
  return sent;
}

export function AskRestart({ sessions, close }: { sessions: readonly Session[]; close: (sent: boolean) => void }) {
  return (
    <AskEach
      verb="Restart"
      nothing="Nothing was restarted."
      sessions={sessions}
      deed="closes the session in order and starts it again with the newest settings, under a new token. No other pod takes it meanwhile."
      send={() => restartAll(sessions)}
      disabled={sessions.length === 0}
      close={close}
    />
  );
}
