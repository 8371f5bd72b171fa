// Views of the list of adapters that somebody has given a name: one press shows them again.

import { type FormEvent, useEffect, useId, useState } from "react";
import { useSearchParams } from "wouter";
import { store, useStore } from "../logic/store";
import { applied, LONGEST_NAME, queryOf, readViews, type View, withoutView, withView } from "../logic/views";
import { Answers, Dialog } from "./dialog";

const KEY = "conncentric.views";

function remembered(): View[] {
  try {
    return readViews(localStorage.getItem(KEY));
  } catch {
    // Storage may be forbidden; then views live as long as the page.
    return [];
  }
}

const views = store<readonly View[]>(remembered());

function keep(change: (before: readonly View[]) => View[]): void {
  // Another tab may have saved one meanwhile.
  const after = change(remembered().length > 0 ? remembered() : views.get());
  views.set(after);
  try {
    localStorage.setItem(KEY, JSON.stringify(after));
  } catch {
    // As above.
  }
}

export function SavedViews() {
  const all = useStore(views);
  const [search, setSearch] = useSearchParams();
  const [naming, name] = useState(false);
  const query = queryOf(search);
  useEffect(() => {
    const changed = (event: StorageEvent) => event.key === KEY && views.set(readViews(event.newValue));
    window.addEventListener("storage", changed);
    return () => window.removeEventListener("storage", changed);
  }, []);
  const known = all.some((view) => view.query === query);
  if (all.length === 0 && query === "") return null;
  return (
    <div className="views" role="group" aria-label="Saved views">
      {all.map((view) => (
        <span key={view.name} className="view">
          <button type="button" aria-pressed={view.query === query} onClick={() => setSearch((before) => applied(before, view))}>
            {view.name}
          </button>
          <button type="button" className="forget" onClick={() => keep((before) => withoutView(before, view.name))} aria-label={`Forget the view ${view.name}`}>
            <span aria-hidden="true">×</span>
          </button>
        </span>
      ))}
      {query !== "" && !known && (
        <button type="button" className="plain" onClick={() => name(true)}>
          Save this view
        </button>
      )}
      {naming && <AskName query={query} taken={all} close={() => name(false)} />}
    </div>
  );
}

function AskName({ query, taken, close }: { query: string; taken: readonly View[]; close: () => void }) {
  const field = useId();
  const [text, setText] = useState("");
  const name = text.trim();
  const replaces = taken.some((view) => view.name === name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep((before) => withView(before, { name, query }));
    close();
  };
  return (
    <Dialog title="Save this view" close={close}>
      <form onSubmit={submit}>
        <p className="quiet">Filters and sorting are kept in this browser. To show them to somebody else, send the address of the page.</p>
        <label htmlFor={field}>Name of the view</label>
        <input id={field} value={text} onChange={(event) => setText(event.target.value)} maxLength={LONGEST_NAME} autoComplete="off" required autoFocus />
        {replaces && <p className="quiet">It takes the place of the one that has this name.</p>}
        <Answers problem={null} busy={false} confirm="Save" close={close} disabled={name === ""} />
      </form>
    </Dialog>
  );
}
