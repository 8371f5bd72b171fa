// The settings of an adapter as YAML. A change is checked by the server and shown as a difference before it is made, and made only
// on the revision that it was written for.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { diffLines } from "diff";
import { useMemo, useState } from "react";
import { parse, stringify } from "yaml";
import { ApiError, put } from "../api/client";
import type { Adapter, PutAnswer } from "../api/types";
import { documentOf } from "../logic/document";
import { useMay } from "../session/user";

export default function Settings({ adapter }: { adapter: Adapter }) {
  const may = useMay();
  const yaml = useMemo(() => stringify(documentOf(adapter)), [adapter]);
  const [editing, edit] = useState<{ text: string; revision: number } | null>(null);
  return (
    <section className="card" aria-label="Settings">
      <div className="section-head">
        <h2>Settings</h2>
        {may.configure && editing === null && (
          <button type="button" onClick={() => edit({ text: yaml, revision: adapter.revision })}>
            Edit
          </button>
        )}
      </div>
      {editing === null || !may.configure ? (
        <pre className="yaml" tabIndex={0} aria-label="Settings as YAML">
          {yaml}
        </pre>
      ) : (
        <Editor name={adapter.name} base={editing} newest={adapter.revision} close={() => edit(null)} />
      )}
    </section>
  );
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

function said(error: Error | null): string | null {
  if (error === null) return null;
  return error instanceof ApiError && error.field !== null ? `${error.field}: ${error.message}` : error.message;
}

function Editor({ name, base, newest, close }: { name: string; base: { text: string; revision: number }; newest: number; close: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState(base.text);
  const headers = { "if-match": `"${base.revision}"` };
  const review = useMutation({
    mutationFn: async (): Promise<Reviewed> => {
      const document = read(text);
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
  const problem = said(save.error ?? review.error);
  const reviewed = review.data;
  const after = reviewed === undefined ? null : stringify(documentOf(reviewed.answer.adapter));
  return (
    <>
      {newest !== base.revision && <p className="outdated">⚠ Somebody else has changed it meanwhile: this is written for revision {base.revision}, the newest is {newest}.</p>}
      <textarea
        aria-label="Settings as YAML"
        className="yaml"
        rows={Math.min(30, text.split("\n").length + 2)}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== null}
        onChange={(event) => {
          setText(event.target.value);
          // What was checked is not what is there now.
          review.reset();
          save.reset();
        }}
      />
      <p role="alert" className="problem">
        {problem}
      </p>
      {after !== null && (reviewed?.answer.outcome === "unchanged" ? <p role="status">This changes nothing.</p> : <Difference before={base.text} after={after} />)}
      <div className="answers">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" onClick={() => review.mutate()} disabled={review.isPending || reviewed !== undefined}>
          {review.isPending ? "Checking…" : "Check and compare"}
        </button>
        <button type="button" className="primary" disabled={reviewed === undefined || reviewed.answer.outcome === "unchanged" || save.isPending} onClick={() => save.mutate(reviewed?.document)}>
          {save.isPending ? "Saving…" : "Save"}
        </button>
      </div>
    </>
  );
}

/** Lines that go and lines that come, each with its sign. */
function Difference({ before, after }: { before: string; after: string }) {
  const parts = diffLines(before, after);
  return (
    <pre className="difference" aria-label="What would change" tabIndex={0}>
      {parts.flatMap((part, index) => {
        const sign = part.added ? "+" : part.removed ? "−" : " ";
        const className = part.added ? "added" : part.removed ? "removed" : undefined;
        const lines = part.value.replace(/\n$/, "").split("\n");
        return lines.map((line, number) => (
          <span key={`${index} ${number}`} className={className}>
            {sign} {line}
            {"\n"}
          </span>
        ));
      })}
    </pre>
  );
}
