// Sending an action to a running session, and what became of it: ordered, received, done or failed.

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useActions, useConnectors } from "../api/configuration";
import { ApiError, post } from "../api/client";
import type { Action, Adapter, Session } from "../api/types";
import { type Offered, offered } from "../logic/actions";
import { elsewhere, remarksOf } from "../logic/remarks";
import type { Schema } from "../logic/schema";
import { ActionBadge } from "./badges";
import { Answers, Dialog, Farewell } from "./dialog";
import { SchemaFields } from "./schema-form";
import { Loading } from "./states";

/** The choice that has its name written beside it. */
const OTHER = "";

export default function AskAction({ adapter, session, close }: { adapter: Adapter; session: Session; close: () => void }) {
  const connectors = useConnectors();
  const [ordered, setOrdered] = useState<{ id: string; action: string } | null>(null);
  const title = `Send an action to ${session.session}`;
  if (ordered !== null) return <Outcome title={title} session={session.session} id={ordered.id} action={ordered.action} close={close} />;
  const found = offered(connectors.data?.find((connector) => connector.name === adapter.connector), adapter.settings);
  return (
    <Dialog title={title} close={close}>
      {connectors.error !== null && <p className="problem">{connectors.error.message}</p>}
      {connectors.isPending ? <Loading what="what it understands" /> : <Order session={session} actions={found.actions} any={found.any} sent={setOrdered} close={close} />}
    </Dialog>
  );
}

interface OrderProps {
  session: Session;
  actions: readonly Offered[];
  any: boolean;
  sent: (ordered: { id: string; action: string }) => void;
  close: () => void;
}

function Order({ session, actions, any, sent, close }: OrderProps) {
  const field = useId();
  const [chosen, choose] = useState(actions[0]?.name ?? OTHER);
  const [written, write] = useState("");
  const [parameters, setParameters] = useState<unknown>({});
  const [broken, setBroken] = useState<Readonly<Record<string, string>>>({});
  const known = actions.find((action) => action.name === chosen);
  const action = chosen === OTHER ? written.trim() : chosen;
  const schema = known?.schema ?? ANYTHING;
  const body = known === undefined ? ((parameters as { parameters?: unknown }).parameters ?? {}) : parameters;
  const [adapter = "", ordinal = ""] = session.session.split("/");
  const send = useMutation({
    mutationFn: () => post("/v1/sessions/{adapter}/{ordinal}/actions", { path: { adapter, ordinal }, body: { action, parameters: body } }),
    onSuccess: (answer) => sent({ id: answer.action_id, action }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  const problems = remarksOf(send.error instanceof ApiError ? send.error : null);
  const paths = Object.keys(schema.properties ?? {}).map((name) => `parameters.${name}`);
  const rest = elsewhere(paths, problems);
  const shown = send.error === null || (problems.length > 0 && rest.length === 0) ? null : send.error;
  return (
    <form onSubmit={submit}>
      <label htmlFor={field}>Action</label>
      <select
        id={field}
        value={chosen}
        onChange={(event) => {
          choose(event.target.value);
          setParameters({});
          setBroken({});
          send.reset();
        }}
      >
        {actions.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        {any && <option value={OTHER}>another…</option>}
      </select>
      {known !== undefined && known.description !== "" && <p className="quiet">{known.description}</p>}
      {chosen === OTHER && (
        <>
          <label htmlFor={`${field}-name`}>Name of the action</label>
          <input id={`${field}-name`} value={written} onChange={(event) => write(event.target.value)} autoComplete="off" spellCheck={false} required />
          <p className="quiet small">The program gets it as it is; whether it understands it, it says itself.</p>
        </>
      )}
      <SchemaFields
        key={chosen}
        schema={schema}
        value={parameters}
        change={setParameters}
        path={known === undefined ? "" : "parameters"}
        remarks={{ problems, warnings: [] }}
        broken={(path, problem) => setBroken(({ [path]: _, ...others }) => (problem === null ? others : { ...others, [path]: problem }))}
      />
      <Answers problem={shown} busy={send.isPending} confirm="Send" close={close} disabled={action === "" || Object.keys(broken).length > 0} />
    </form>
  );
}

const ANYTHING: Schema = { properties: { parameters: { title: "Parameters", description: "As YAML: name: value, one a line.", type: "object" } } };

/** What became of it, as it becomes known. */
function Outcome({ title, session, id, action, close }: { title: string; session: string; id: string; action: string; close: () => void }) {
  const actions = useActions(session, RECENT);
  const found: Action | undefined = actions.data?.find((one) => one.action_id === id);
  const state = found?.state ?? "ordered";
  return (
    <Dialog title={title} close={close}>
      <p role="status" data-testid="outcome">
        <strong>{action}</strong> <ActionBadge state={state} /> {found?.message}
      </p>
      {state === "ordered" && <p className="quiet">It is in the log and on its way to {session}.</p>}
      {state === "abandoned" && <p className="quiet">The session moved or closed before it answered. Whether it was carried out is not known.</p>}
      {actions.error !== null && <p className="problem">{actions.error.message}</p>}
      <Farewell word="Close" close={close} />
    </Dialog>
  );
}

/** How many of a session's actions are looked at. */
const RECENT = 20;
