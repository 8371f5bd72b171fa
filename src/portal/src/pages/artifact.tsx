// One artifact: its versions, who uses it, what changed between two versions, and the way back to one.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { put, remove } from "../api/client";
import { content, useArtifact } from "../api/library";
import type { Artifact, ArtifactVersion } from "../api/types";
import { cli, curl } from "../logic/commands";
import { LARGEST_TEXT, size, textOf } from "../logic/files";
import { AskOnce } from "../parts/ask-once";
import { CopyLines } from "../parts/copy-lines";
import { Difference } from "../parts/difference";
import { adapterPath, Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { AskArtifact } from "./artifacts";

type Asking = { what: "upload" | "delete" } | { what: "back"; version: number };

export default function ArtifactPage() {
  const { name = "" } = useParams<{ name: string }>();
  const artifact = useArtifact(name);
  const may = useMay();
  const [asking, ask] = useState<Asking | null>(null);
  const { data } = artifact;
  if (data === undefined) return artifact.error ? <Failure error={artifact.error} retry={() => void artifact.refetch()} /> : <Loading what={name} />;
  return (
    <>
      <p className="quiet">
        <Go to="/artifacts">Artifacts</Go> /
      </p>
      <PageHead title={name}>
        <p className="quiet">version {data.version}</p>
        {may.configure && (
          <>
            <button type="button" className="primary" onClick={() => ask({ what: "upload" })}>
              Upload a new version
            </button>
            <button type="button" onClick={() => ask({ what: "delete" })}>
              Delete
            </button>
          </>
        )}
      </PageHead>
      <Outdated error={artifact.error} />
      <Users artifact={data} />
      <Versions artifact={data} back={may.configure ? (version) => ask({ what: "back", version }) : null} />
      {asking?.what === "upload" && <AskArtifact name={name} close={() => ask(null)} />}
      {asking?.what === "delete" && <AskDelete artifact={data} close={() => ask(null)} />}
      {asking?.what === "back" && <AskBack artifact={data} version={asking.version} close={() => ask(null)} />}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("artifact", "get", name) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/artifacts/{name}/content", { path: { name }, query: { version: data.version } }) },
        ]}
      />
    </>
  );
}

function Users({ artifact }: { artifact: Artifact }) {
  return (
    <section className="card" aria-label="Used by">
      <h2>Used by</h2>
      {artifact.users.length === 0 ? (
        <p className="quiet">No adapter names it.</p>
      ) : (
        <ul className="plain-list">
          {artifact.users.map((user) => (
            <li key={`${user.adapter} ${user.version ?? ""}`}>
              <Go to={adapterPath(user.adapter)}>{user.adapter}</Go> <span className="quiet">{user.version == null ? "the newest version" : `version ${user.version}`}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Versions({ artifact, back }: { artifact: Artifact; back: ((version: number) => void) | null }) {
  const [compared, compare] = useState<number | null>(null);
  const before = artifact.versions.find(({ version }) => compared !== null && version < compared);
  return (
    <section className="card" aria-label="Versions">
      <h2>Versions</h2>
      <div className="owners">
        <table aria-label={`Versions of ${artifact.name}, newest first`}>
          <thead>
            <tr>
              {["Version", "Stored", "By", "Size", "Type", "SHA-256", ""].map((title) => (title === "" ? <td key="what" /> : <th key={title} scope="col">{title}</th>))}
            </tr>
          </thead>
          <tbody>
            {artifact.versions.map((version, index) => (
              <tr key={version.version} className={compared === version.version ? "chosen" : undefined}>
                <td>{version.version}</td>
                <td>
                  <When time={version.stored_at} />
                </td>
                <td title={version.stored_by}>{version.stored_by}</td>
                <td>{size(version.size)}</td>
                <td>{version.media_type ?? "–"}</td>
                <td className="number quiet" title={version.sha256}>
                  {version.sha256.slice(0, 12)}
                </td>
                <td>
                  <Download name={artifact.name} version={version} />
                  {index < artifact.versions.length - 1 && (
                    <button type="button" className="plain" aria-expanded={compared === version.version} onClick={() => compare(compared === version.version ? null : version.version)} aria-label={`What version ${version.version} changed`}>
                      Compare
                    </button>
                  )}
                  {back !== null && version.version !== artifact.version && (
                    <button type="button" className="plain" onClick={() => back(version.version)} aria-label={`Roll back to version ${version.version}`}>
                      Roll back
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {compared !== null && before !== undefined && <Compared name={artifact.name} before={before} after={artifact.versions.find(({ version }) => version === compared) ?? before} />}
    </section>
  );
}

/** A link could not show who is asking, so the file is fetched and then handed to the browser. */
function Download({ name, version }: { name: string; version: ArtifactVersion }) {
  const [problem, setProblem] = useState<string | null>(null);
  const fetchIt = async () => {
    setProblem(null);
    try {
      const url = URL.createObjectURL(await content(name, version.version));
      const link = Object.assign(document.createElement("a"), { href: url, download: name });
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <button type="button" className="plain" onClick={() => void fetchIt()} aria-label={`Download version ${version.version}`}>
        Download
      </button>
      {problem !== null && (
        <span role="alert" className="problem">
          {problem}
        </span>
      )}
    </>
  );
}

function Compared({ name, before, after }: { name: string; before: ArtifactVersion; after: ArtifactVersion }) {
  const large = Math.max(before.size, after.size) > LARGEST_TEXT;
  const texts = useQuery({
    queryKey: ["content", "for ever", before.sha256, after.sha256],
    queryFn: ({ signal }) => Promise.all([before, after].map(async ({ version }) => textOf(new Uint8Array(await (await content(name, version, signal)).arrayBuffer())))),
    enabled: !large,
  });
  const label = `What version ${after.version} changed`;
  if (before.sha256 === after.sha256) return <p className="quiet">Version {after.version} is the same as version {before.version}.</p>;
  if (large) return <p className="quiet">Too large to be compared here: {size(Math.max(before.size, after.size))}.</p>;
  if (texts.error !== null) return <p className="problem">{texts.error.message}</p>;
  if (texts.data === undefined) return <Loading what="both versions" />;
  const [was, is] = texts.data;
  if (was == null || is == null) return <p className="quiet">They are no text, so they are not compared line by line.</p>;
  return <Difference before={was} after={is} label={label} />;
}

/** The lists are read again once it was done. */
function useRead(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: ["artifacts", null] });
}

function AskBack({ artifact, version, close }: { artifact: Artifact; version: number; close: () => void }) {
  const read = useRead();
  const send = () => put("/v1/artifacts/{name}", { path: { name: artifact.name }, query: { from_version: version }, headers: { "if-match": `"${artifact.version}"` } });
  return (
    <AskOnce title={`Roll ${artifact.name} back to version ${version}?`} confirm="Roll back" send={send} close={(sent) => (sent && read(), close())}>
      <p className="quiet">What version {version} holds becomes version {artifact.version + 1}; nothing is lost. Sessions that follow the newest version get it when they are started again.</p>
    </AskOnce>
  );
}

function AskDelete({ artifact, close }: { artifact: Artifact; close: () => void }) {
  const read = useRead();
  const [, navigate] = useLocation();
  const send = () => remove("/v1/artifacts/{name}", { path: { name: artifact.name }, headers: { "if-match": `"${artifact.version}"` } });
  const closed = (sent: boolean) => {
    close();
    if (!sent) return;
    read();
    navigate("/artifacts");
  };
  return (
    <AskOnce title={`Delete ${artifact.name}?`} confirm="Delete" send={send} close={closed}>
      <p className="quiet">All its versions go. It is refused while an adapter names it.</p>
    </AskOnce>
  );
}
