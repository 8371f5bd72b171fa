// Access tokens: who may come in, and as what. For administrators.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useMemo, useState } from "react";
import { post, remove } from "../api/client";
import { useAccessTokens } from "../api/queries";
import type { AccessToken, Role } from "../api/types";
import { cli, curl } from "../logic/commands";
import { CopyLine, CopyLines } from "../parts/copy-lines";
import { Answers, Dialog, Farewell } from "../parts/dialog";
import { type Column, Grid, type SortingState } from "../parts/grid";
import { PageHead } from "../parts/page";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay, useUser } from "../session/user";
import { useAt } from "../time/as-of";

const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "looks"],
  ["operator", "also enables, disables, moves, drains, does maintenance"],
  ["admin", "also changes settings and access tokens"],
  ["pod", "runs sessions; opens no pages"],
];

export default function AccessTokensPage() {
  const tokens = useAccessTokens();
  const may = useMay();
  const past = useAt() !== null;
  const [making, make] = useState(false);
  const [revoking, revoke] = useState<AccessToken | null>(null);
  const [sorting, setSorting] = useState<SortingState>([{ id: "name", desc: false }]);
  const columns = useMemo(() => columnsFor(may.configure ? revoke : null), [may.configure]);
  if (tokens.data === undefined) return tokens.error ? <Failure error={tokens.error} retry={() => void tokens.refetch()} /> : <Loading what="access tokens" />;
  return (
    <>
      <PageHead title="Access tokens">
        <p className="quiet">{tokens.data.length}</p>
        {may.configure && (
          <button type="button" className="primary" onClick={() => make(true)}>
            Create an access token
          </button>
        )}
      </PageHead>
      <Outdated error={tokens.error} />
      {past && <p className="quiet">When each was created and revoked is in the events AccessTokenCreated and AccessTokenRevoked. These are the ones of now:</p>}
      {tokens.data.length === 0 ? (
        <Empty title="There is none." />
      ) : (
        <Grid label="Access tokens" rows={tokens.data} columns={columns} id={(token) => token.id} sorting={sorting} setSorting={setSorting} />
      )}
      {making && <AskCreate close={() => make(false)} />}
      {revoking !== null && <AskRevoke token={revoking} close={() => revoke(null)} />}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("token", "create", "--role", "viewer", "--name", "alice") },
          { label: "curl", text: curl(location.origin, "GET", "/v1/tokens") },
        ]}
      />
    </>
  );
}

function columnsFor(revoke: ((token: AccessToken) => void) | null): readonly Column<AccessToken>[] {
  const all: Column<AccessToken>[] = [
    { id: "name", title: "Name", width: 18, sort: (token) => token.name, cell: (token) => <Name token={token} /> },
    { id: "role", title: "Role", width: 9, sort: (token) => ROLES.findIndex(([role]) => role === token.role), cell: (token) => token.role },
    { id: "pod", title: "Bound to pod", width: 10, sort: (token) => token.pod ?? "", cell: (token) => token.pod ?? "–", wide: true },
    { id: "created", title: "Created", width: 12, sort: (token) => token.created_at, cell: (token) => <When time={token.created_at} />, wide: true },
    { id: "by", title: "By", width: 20, sort: (token) => token.created_by, cell: (token) => <span title={token.created_by}>{token.created_by}</span>, wide: true },
    { id: "id", title: "Id", width: 14, cell: (token) => <span className="number quiet">{token.id}</span>, wide: true },
  ];
  if (revoke === null) return all;
  const button = (token: AccessToken) => (
    <button type="button" className="plain" onClick={() => revoke(token)} aria-label={`Revoke ${token.name}`}>
      Revoke
    </button>
  );
  return [...all, { id: "revoke", title: "Revoke", width: 8, cell: button }];
}

function Name({ token }: { token: AccessToken }) {
  const mine = useUser().id === token.id;
  return (
    <span title={token.name}>
      {token.name} {mine && <span className="badge inactive">yours</span>}
    </span>
  );
}

function AskCreate({ close }: { close: () => void }) {
  const client = useQueryClient();
  const field = useId();
  const [role, setRole] = useState<Role>("viewer");
  const send = useMutation({
    mutationFn: (body: { name: string; role: Role; pod?: string }) => post("/v1/tokens", { body }),
    // Nobody has seen the secret but this answer, and nobody shall keep it.
    gcTime: 0,
    onSuccess: () => void client.invalidateQueries({ queryKey: ["tokens", null] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const pod = text("pod");
    send.mutate(role === "pod" && pod !== "" ? { name: text("name"), role, pod } : { name: text("name"), role });
  };
  if (send.data !== undefined) return <Shown secret={send.data.token} close={close} />;
  return (
    <Dialog title="Create an access token" close={close}>
      <form onSubmit={submit}>
        <label htmlFor={`${field}-name`}>Name</label>
        <input id={`${field}-name`} name="name" autoComplete="off" maxLength={63} required autoFocus placeholder="whose it is, or what for" />
        <label htmlFor={`${field}-role`}>Role</label>
        <select id={`${field}-role`} value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map(([name, does]) => (
            <option key={name} value={name}>
              {name} – {does}
            </option>
          ))}
        </select>
        {role === "pod" && (
          <>
            <label htmlFor={`${field}-pod`}>Pod (left empty: it may register any name)</label>
            <input id={`${field}-pod`} name="pod" autoComplete="off" maxLength={63} placeholder="pod-1" />
          </>
        )}
        <Answers problem={send.error} busy={send.isPending} confirm="Create" close={close} />
      </form>
    </Dialog>
  );
}

/** The only time that it can be seen. */
function Shown({ secret, close }: { secret: string; close: () => void }) {
  return (
    <Dialog title="Copy it now" close={close}>
      <p>Only its hash is stored, so it cannot be shown again. Whoever has it comes in.</p>
      <CopyLine label="token" text={secret} />
      <Farewell word="Done" close={close} />
    </Dialog>
  );
}

function AskRevoke({ token, close }: { token: AccessToken; close: () => void }) {
  const client = useQueryClient();
  const mine = useUser().id === token.id;
  const send = useMutation({
    mutationFn: () => remove("/v1/tokens/{id}", { path: { id: token.id } }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tokens", null] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <Dialog title={`Revoke ${token.name}?`} close={close}>
      <form onSubmit={submit}>
        <p>It opens nothing from then on, and streams that it opened end. This cannot be undone; another one can be created.</p>
        {token.role === "pod" && <p className="outdated">⚠ A pod that still uses it cannot renew its leases: they run out, and its sessions are taken over.</p>}
        {mine && <p className="outdated">⚠ It is the one that you are signed in with: your visit ends with it.</p>}
        <Answers problem={send.error} busy={send.isPending} confirm="Revoke" close={close} />
      </form>
    </Dialog>
  );
}
