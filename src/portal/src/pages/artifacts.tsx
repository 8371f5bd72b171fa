// Artifacts: reference files that adapters name, with all their versions.

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { address } from "../api/client";
import { useArtifacts } from "../api/library";
import type { Artifact } from "../api/types";
import { cli, curl, flag } from "../logic/commands";
import { nameFor, size } from "../logic/files";
import { AskUpload } from "../parts/ask-upload";
import { CopyLines } from "../parts/copy-lines";
import { type Column, Grid, type SortingState } from "../parts/grid";
import { Go, within } from "../parts/link";
import { PageHead } from "../parts/page";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

const artifactPath = (name: string): string => `/artifacts/${encodeURIComponent(name)}`;

const COLUMNS: readonly Column<Artifact>[] = [
  { id: "name", title: "Name", width: 20, sort: (artifact) => artifact.name, cell: (artifact) => <Go to={artifactPath(artifact.name)}>{artifact.name}</Go> },
  { id: "version", title: "Version", width: 8, sort: (artifact) => artifact.version, cell: (artifact) => artifact.version },
  { id: "size", title: "Size", width: 8, sort: (artifact) => artifact.size, cell: (artifact) => size(artifact.size) },
  { id: "type", title: "Type", width: 12, sort: (artifact) => artifact.media_type ?? "", cell: (artifact) => artifact.media_type ?? "–", wide: true },
  { id: "users", title: "Used by", width: 16, sort: (artifact) => artifact.users.length, cell: (artifact) => <Users artifact={artifact} /> },
  { id: "stored", title: "Stored", width: 12, sort: (artifact) => artifact.stored_at, cell: (artifact) => <When time={artifact.stored_at} />, wide: true },
  { id: "sha256", title: "SHA-256", width: 14, cell: (artifact) => <span className="number quiet" title={artifact.sha256}>{artifact.sha256.slice(0, 12)}</span>, wide: true },
];

function Users({ artifact: { users } }: { artifact: Artifact }) {
  if (users.length === 0) return <span className="quiet">nobody</span>;
  const names = users.map((user) => user.adapter).join(", ");
  return <span title={names}>{users.length === 1 ? names : `${users.length} adapters`}</span>;
}

export default function ArtifactsPage() {
  const artifacts = useArtifacts();
  const may = useMay();
  const at = useAt();
  const [uploading, upload] = useState(false);
  const [sorting, setSorting] = useState<SortingState>([{ id: "name", desc: false }]);
  if (artifacts.data === undefined) return artifacts.error ? <Failure error={artifacts.error} retry={() => void artifacts.refetch()} /> : <Loading what="artifacts" />;
  return (
    <>
      <PageHead title="Artifacts">
        <p className="quiet">{artifacts.data.length}</p>
        {may.configure && (
          <button type="button" className="primary" onClick={() => upload(true)}>
            Upload
          </button>
        )}
      </PageHead>
      <Outdated error={artifacts.error} />
      {artifacts.data.length === 0 ? (
        <Empty title={at === null ? "There are no artifacts yet." : "There were no artifacts then."}>
          <p className="quiet">Data dictionaries, schemas and the like, which adapters name and pods get. Nothing secret: everybody who may look can read them.</p>
        </Empty>
      ) : (
        <Grid label="Artifacts" rows={artifacts.data} columns={COLUMNS} id={(artifact) => artifact.name} sorting={sorting} setSorting={setSorting} />
      )}
      {uploading && <AskArtifact name={null} close={() => upload(false)} />}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("get", "artifacts", ...flag("--at", at)) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/artifacts", { query: { at } }) },
        ]}
      />
    </>
  );
}

/** A new artifact, or a new version of one. */
export function AskArtifact({ name, close }: { name: string | null; close: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return (
    <AskUpload
      title={name === null ? "Upload an artifact" : `Upload a new version of ${name}`}
      confirm="Upload"
      name={name}
      suggest={nameFor}
      note="At most 64 MiB. Under a name that there is already it becomes the next version; sessions get it when they are started again. Put nothing secret in it."
      path={(given) => address("/v1/artifacts/{name}", { path: { name: given } })}
      headers={({ file }) => ({ "content-type": file.type === "" ? "application/octet-stream" : file.type })}
      done={(given) => {
        void client.invalidateQueries({ queryKey: ["artifacts", null] });
        close();
        navigate(within(artifactPath(given), {}));
      }}
      close={close}
    />
  );
}
