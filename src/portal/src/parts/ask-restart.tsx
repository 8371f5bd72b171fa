// Restarting sessions where they are: the same pod closes each and starts it again, with the newest settings.

import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { post } from "../api/client";
import type { Session } from "../api/types";
import { Names } from "./ask";
import { Answers, Dialog } from "./dialog";
import { watchOperation } from "./operations";
import { count, Refusals, type Sent, sendToEach } from "./refusals";

async function restartAll(sessions: readonly Session[]): Promise<Sent> {
  const names = sessions.map((session) => session.session);
  const tokens = new Map(sessions.map((session) => [session.session, session.token ?? ""]));
  const sent = await sendToEach(names, (path) => post("/v1/sessions/{adapter}/{ordinal}/actions", { path, body: { action: "restart", parameters: {} } }));
  if (sent.accepted.length > 0) watchOperation({ kind: "restart", tokens: Object.fromEntries(sent.accepted.map((name) => [name, tokens.get(name) ?? ""])) });
  return sent;
}

export function AskRestart({ sessions, close }: { sessions: readonly Session[]; close: (sent: boolean) => void }) {
  const [one] = sessions;
  const single = sessions.length === 1 && one !== undefined;
  const send = useMutation({
    mutationFn: () => restartAll(sessions),
    onSuccess: ({ refused }) => {
      if (refused.length === 0) close(true);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  const title = single ? `Restart ${one.session}?` : `Restart ${count(sessions.length)}?`;
  if (send.data !== undefined && send.data.refused.length > 0) return <Refusals title={title} nothing="Nothing was restarted." sent={send.data} close={() => close(true)} />;
  return (
    <Dialog title={title} close={() => close(false)}>
      <form onSubmit={submit}>
        {!single && <Names names={sessions.map((session) => session.session)} />}
        <p className="quiet">
          {single ? (one.owner?.pod ?? "The owner") : "Each owner"} closes the session in order and starts it again with the newest settings, under a new token. No other pod takes it meanwhile.
        </p>
        <Answers problem={send.error} busy={send.isPending} confirm="Restart" close={() => close(false)} disabled={sessions.length === 0} />
      </form>
    </Dialog>
  );
}
