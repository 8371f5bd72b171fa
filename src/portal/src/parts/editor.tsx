// The editor of an adapter's document: a form and its YAML are two views of one thing. A change is checked by the server and shown
// as a difference before it is made, and made only on the revision that it was written for.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { parse, stringify } from "yaml";
import { ApiError, put } from "../api/client";
import type { AdapterDocument, PutAnswer } from "../api/types";
import { documentOf, documentSchema } from "../logic/document";
import { elsewhere, type Remark, remarksOf } from "../logic/remarks";
import type { Schema } from "../logic/schema";
import { Difference } from "./difference";
import { SchemaFields } from "./schema-form";

interface Props {
  name: string;
  connector: string;
  schema: unknown;
  /** The newest document, which a change is compared with. */
  yaml: string;
  base: { document: AdapterDocument; revision: number; restored: number | null };
  newest: number;
  close: () => void;
}

interface Reviewed {
  document: unknown;
  answer: PutAnswer;
}

/** What the text says, or why it says nothing. */
function read(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`This is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The document in both views. The one that is looked at leads. */
function useDocument(begin: unknown) {
  const [view, setView] = useState<"form" | "yaml">("form");
  const [document, setDocument] = useState(begin);
  const [text, setText] = useState("");
  const [broken, setBroken] = useState<Readonly<Record<string, string>>>({});
  const [refused, refuse] = useState<string | null>(null);
  /** Throws what keeps it from being a document. */
  const current = (): unknown => {
    if (view === "yaml") return read(text);
    const [[field, problem] = []] = Object.entries(broken);
    if (field !== undefined) throw new Error(`${field}: ${problem}`);
    return document;
  };
  const show = (next: "form" | "yaml") => {
    if (next === view) return;
    try {
      const now = current();
      if (next === "form" && (typeof now !== "object" || now === null || Array.isArray(now))) throw new Error("This is no document: it must have fields.");
      setDocument(now);
      setText(stringify(now));
      setView(next);
      refuse(null);
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
  };
  const breaks = (path: string, problem: string | null) =>
    setBroken(({ [path]: _, ...rest }) => (problem === null ? rest : { ...rest, [path]: problem }));
  return { view, show, document, setDocument, text, setText, current, breaks, refused };
}

export function Editor({ name, connector, schema, yaml, base, newest, close }: Props) {
  const client = useQueryClient();
  const draft = useDocument(base.document);
  const headers = { "if-match": `"${base.revision}"` };
  const review = useMutation({
    mutationFn: async (): Promise<Reviewed> => {
      const document = draft.current();
      return { document, answer: await put("/v1/adapters/{name}", { path: { name }, query: { dry_run: true }, body: document, headers }) };
    },
  });
  const save = useMutation({
    mutationFn: (document: unknown) => put("/v1/adapters/{name}", { path: { name }, body: document, headers }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["adapters", null] });
      close();
    },
  });
  const error = save.error ?? review.error;
  const problems = remarksOf(error instanceof ApiError ? error : null);
  const reviewed = review.data;
  const warnings = reviewed?.answer.warnings ?? [];
  // What was checked is not what is there now.
  const touch = () => {
    review.reset();
    save.reset();
  };
  // The two views differ in height: what was pressed stays in sight.
  const switches = useRef<HTMLDivElement>(null);
  useEffect(() => {
    switches.current?.scrollIntoView({ block: "nearest" });
  }, [draft.view]);
  const form = documentSchema(connector, schema as Schema | undefined);
  const unchanged = reviewed?.answer.outcome === "unchanged";
  return (
    <>
      {base.restored !== null && <p role="status">This is revision {base.restored}. Saving it makes it the newest; administrative state stays as it is.</p>}
      {newest !== base.revision && <p className="outdated">⚠ Somebody else has changed it meanwhile: this is written for revision {base.revision}, the newest is {newest}.</p>}
      <div ref={switches} className="views" role="group" aria-label="Edit as">
        {(["form", "yaml"] as const).map((view) => (
          <button key={view} type="button" aria-pressed={draft.view === view} onClick={() => draft.show(view)}>
            {view === "form" ? "Form" : "YAML"}
          </button>
        ))}
      </div>
      {draft.view === "form" ? (
        <div className="schema-form">
          <SchemaFields schema={form} value={draft.document} change={(next) => (draft.setDocument(next), touch())} path="" remarks={{ problems, warnings }} broken={(path, problem) => (draft.breaks(path, problem), touch())} />
        </div>
      ) : (
        <textarea
          aria-label="Settings as YAML"
          className="yaml"
          rows={Math.min(30, draft.text.split("\n").length + 2)}
          spellCheck={false}
          value={draft.text}
          aria-invalid={error !== null}
          onChange={(event) => {
            draft.setText(event.target.value);
            touch();
          }}
        />
      )}
      <Problems error={draft.refused === null ? error : new Error(draft.refused)} problems={problems} warnings={warnings} shown={draft.view === "form" ? Object.keys(form.properties ?? {}) : []} />
      {reviewed !== undefined && (unchanged ? <p role="status">This changes nothing.</p> : <Difference before={yaml} after={stringify(documentOf(reviewed.answer.adapter))} label="What would change" />)}
      <div className="answers">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" onClick={() => review.mutate()} disabled={review.isPending || reviewed !== undefined}>
          {review.isPending ? "Checking…" : "Check and compare"}
        </button>
        <button type="button" className="primary" disabled={reviewed === undefined || unchanged || save.isPending} onClick={() => save.mutate(reviewed?.document)}>
          {save.isPending ? "Saving…" : "Save"}
        </button>
      </div>
    </>
  );
}

/** What is wrong: beside the fields where there are fields, and all of the rest here. */
function Problems({ error, problems, warnings, shown }: { error: Error | null; problems: readonly Remark[]; warnings: readonly Remark[]; shown: readonly string[] }) {
  const [rest, others] = [elsewhere(shown, problems), elsewhere(shown, warnings)];
  const atFields = problems.length - rest.length;
  const said = error === null ? null : atFields === 0 && rest.length === 0 ? error.message : atFields > 0 ? `Not accepted: look at ${problems.map(({ field }) => field).join(", ")}.` : null;
  return (
    <div role="alert">
      {said !== null && <p className="problem">{said}</p>}
      {rest.map((remark) => (
        <p key={remark.field + remark.message} className="problem">
          {remark.field}: {remark.message}
        </p>
      ))}
      {others.map((remark) => (
        <p key={remark.field + remark.message} className="warning">
          ⚠ {remark.field}: {remark.message}
        </p>
      ))}
    </div>
  );
}

