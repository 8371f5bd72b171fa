// The settings of an adapter: as they are, edited in a form or as YAML, and as they were in earlier revisions.

import { useMemo, useState } from "react";
import { stringify } from "yaml";
import { useConnectors } from "../api/configuration";
import type { Adapter, AdapterDocument } from "../api/types";
import { documentOf } from "../logic/document";
import { useMay } from "../session/user";
import { Editor } from "./editor";
import { Revisions } from "./revisions";

/** What an editor begins with: the newest document, or an older one that is to be restored. */
interface Beginning {
  document: AdapterDocument;
  /** The revision that is changed, and must still be the newest when it is saved. */
  revision: number;
  /** The revision that is restored. */
  restored: number | null;
}

export default function Settings({ adapter }: { adapter: Adapter }) {
  const may = useMay();
  const connectors = useConnectors();
  const now = useMemo(() => documentOf(adapter), [adapter]);
  const yaml = useMemo(() => stringify(now), [now]);
  const [editing, edit] = useState<Beginning | null>(null);
  const [looking, look] = useState(false);
  const schema = connectors.data?.find((connector) => connector.name === adapter.connector)?.settings_schema;
  const begin = (document: AdapterDocument, restored: number | null) => edit({ document, revision: adapter.revision, restored });
  return (
    <section className="card" aria-label="Settings">
      <div className="section-head">
        <h2>Settings</h2>
        <div className="bulk">
          <button type="button" aria-expanded={looking} onClick={() => look(!looking)}>
            Revisions
          </button>
          {may.configure && editing === null && (
            <button type="button" disabled={connectors.isPending} onClick={() => begin(now, null)}>
              Edit
            </button>
          )}
        </div>
      </div>
      {editing === null || !may.configure ? (
        <pre className="yaml" tabIndex={0} role="region" aria-label="Settings as YAML">
          {yaml}
        </pre>
      ) : (
        <Editor key={`${editing.revision} ${editing.restored ?? ""}`} name={adapter.name} connector={adapter.connector} schema={schema} yaml={yaml} base={editing} newest={adapter.revision} close={() => edit(null)} />
      )}
      {looking && <Revisions name={adapter.name} newest={adapter.revision} restore={may.configure && editing === null ? (document, revision) => begin({ ...now, ...document }, revision) : null} />}
    </section>
  );
}
