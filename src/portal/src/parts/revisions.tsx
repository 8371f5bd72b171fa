// The revisions of an adapter: who changed what when, and the way back.

import { useState } from "react";
import { stringify } from "yaml";
import { useRevisions } from "../api/configuration";
import type { AdapterDocument, Revision } from "../api/types";
import { documentOf } from "../logic/document";
import { Difference } from "./difference";
import { Loading } from "./states";
import { When } from "./when";

interface Props {
  name: string;
  newest: number;
  /** Begins to restore a document; null where that is not offered. */
  restore: ((document: AdapterDocument, revision: number) => void) | null;
}

export function Revisions({ name, newest, restore }: Props) {
  const [before, setBefore] = useState<number | null>(null);
  const page = useRevisions(name, before);
  const [opened, open] = useState<number | null>(null);
  if (page.error) return <p className="problem">{page.error.message}</p>;
  if (page.data === undefined) return <Loading what="the revisions" />;
  const { revisions, next } = page.data;
  return (
    <div className="revisions">
      <h3>Revisions</h3>
      <ul className="plain-list" aria-label="Revisions, newest first">
        {revisions.map((revision, index) => (
          <li key={revision.revision}>
            <div className="facts">
              <strong>Revision {revision.revision}</strong>
              {revision.revision === newest && <span className="badge inactive">newest</span>}
              <When time={revision.at} />
              <span className="quiet small">{revision.actor}</span>
              <button type="button" className="plain" aria-expanded={opened === revision.revision} onClick={() => open(opened === revision.revision ? null : revision.revision)} aria-label={`What revision ${revision.revision} changed`}>
                What it changed
              </button>
              {restore !== null && revision.revision !== newest && (
                <button type="button" onClick={() => restore(revision.document, revision.revision)} aria-label={`Restore revision ${revision.revision}`}>
                  Restore this
                </button>
              )}
            </div>
            {opened === revision.revision && <Changed revision={revision} before={revisions[index + 1]} />}
          </li>
        ))}
      </ul>
      <div className="bulk">
        {before !== null && (
          <button type="button" onClick={() => setBefore(null)}>
            Newest first
          </button>
        )}
        {next != null && (
          <button type="button" onClick={() => setBefore(next)}>
            Older
          </button>
        )}
      </div>
    </div>
  );
}

const text = (revision: Revision | undefined): string => (revision === undefined ? "" : stringify(documentOf(revision.document)));

function Changed({ revision, before }: { revision: Revision; before: Revision | undefined }) {
  if (before === undefined && revision.revision > 1) return <p className="quiet">The revision before it is on the next page.</p>;
  return <Difference before={text(before)} after={text(revision)} label={`What revision ${revision.revision} changed`} />;
}
