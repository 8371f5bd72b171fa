// Plugins: packages that bring a connector. Installed and removed by administrators only.

import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { address, remove } from "../api/client";
import { usePlugins } from "../api/library";
import type { Plugin } from "../api/types";
import { cli, curl, flag } from "../logic/commands";
import { pluginFor, size } from "../logic/files";
import { AskOnce } from "../parts/ask-once";
import { AskUpload } from "../parts/ask-upload";
import { CopyLines } from "../parts/copy-lines";
import { adapterPath, Go } from "../parts/link";
import { PageHead } from "../parts/page";
import { Empty, Failure, Loading, Outdated } from "../parts/states";
import { When } from "../parts/when";
import { useMay } from "../session/user";
import { useAt } from "../time/as-of";

export default function PluginsPage() {
  const plugins = usePlugins();
  const may = useMay();
  const at = useAt();
  const [installing, install] = useState(false);
  const [removing, removeIt] = useState<Plugin | null>(null);
  if (plugins.data === undefined) return plugins.error ? <Failure error={plugins.error} retry={() => void plugins.refetch()} /> : <Loading what="plugins" />;
  return (
    <>
      <PageHead title="Plugins">
        <p className="quiet">{plugins.data.length}</p>
        {may.configure && (
          <button type="button" className="primary" onClick={() => install(true)}>
            Install
          </button>
        )}
      </PageHead>
      <Outdated error={plugins.error} />
      {plugins.data.length === 0 ? (
        <Empty title={at === null ? "No plugin is installed." : "No plugin was installed then."}>
          <p className="quiet">A plugin brings a connector of its own. Without any, adapters have the built-in ones.</p>
        </Empty>
      ) : (
        <div className="cards">
          {plugins.data.map((plugin) => (
            <PluginCard key={plugin.name} plugin={plugin} drop={may.configure ? () => removeIt(plugin) : null} />
          ))}
        </div>
      )}
      {installing && <AskInstall close={() => install(false)} />}
      {removing !== null && <AskRemove plugin={removing} close={() => removeIt(null)} />}
      <CopyLines
        lines={[
          { label: "CLI", text: cli("get", "plugins", ...flag("--at", at)) },
          { label: "curl", text: curl(location.origin, "GET", "/v1/plugins", { query: { at } }) },
        ]}
      />
    </>
  );
}

function PluginCard({ plugin, drop }: { plugin: Plugin; drop: (() => void) | null }) {
  return (
    <section className="card plugin" aria-label={plugin.name}>
      <div className="pod-head">
        <h2>{plugin.name}</h2>
        <span className="quiet">{plugin.version}</span>
        {drop !== null && (
          <button type="button" onClick={drop}>
            Remove {plugin.name}
          </button>
        )}
      </div>
      <p>{plugin.description}</p>
      <dl>
        <dt>Connector</dt>
        <dd>{plugin.connector}</dd>
        <dt>Used by</dt>
        <dd>{plugin.users.length === 0 ? "nobody" : <Users all={plugin.users} />}</dd>
        <dt>Runs on</dt>
        <dd>{Object.keys(plugin.platforms).join(", ")}</dd>
        <dt>Licence</dt>
        <dd>{plugin.licence}</dd>
        <dt>Signed by</dt>
        <dd>{plugin.signed_by ?? <span className="quiet">nobody</span>}</dd>
        <dt>Installed</dt>
        <dd>
          <When time={plugin.installed_at} /> <span className="quiet small">{plugin.installed_by}</span>
        </dd>
        <dt>Package</dt>
        <dd>
          {size(plugin.size)} <span className="number quiet small" title={plugin.sha256}>{plugin.sha256.slice(0, 12)}</span>
        </dd>
      </dl>
      <Brought plugin={plugin} />
      <Versions plugin={plugin} />
    </section>
  );
}

const SHOWN = 8;

function Users({ all }: { all: readonly string[] }) {
  return (
    <>
      {all.slice(0, SHOWN).map((adapter, index) => (
        <span key={adapter}>
          {index > 0 ? ", " : ""}
          <Go to={adapterPath(adapter)}>{adapter}</Go>
        </span>
      ))}
      {all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ""}
    </>
  );
}

const brought = (actions: number): string => (actions === 0 ? "Its settings" : actions === 1 ? "Its action and settings" : `Its ${actions} actions and settings`);

/** What comes with it: actions, and the schema of its settings. */
function Brought({ plugin }: { plugin: Plugin }) {
  return (
    <details className="owners">
      <summary>{brought(plugin.actions.length)}</summary>
      <ul className="plain-list">
        {plugin.actions.map((action) => (
          <li key={action.name}>
            <strong>{action.name}</strong> <span className="quiet">{action.description}</span>
          </li>
        ))}
      </ul>
      <pre className="difference" tabIndex={0} role="region" aria-label={`Schema of the settings of ${plugin.name}`}>
        {JSON.stringify(plugin.settings_schema, null, 2)}
      </pre>
    </details>
  );
}

function Versions({ plugin }: { plugin: Plugin }) {
  if (plugin.versions.length < 2) return null;
  return (
    <details className="owners">
      <summary>{plugin.versions.length} versions</summary>
      <ul className="plain-list">
        {plugin.versions.map((version) => (
          <li key={`${version.version} ${version.installed_at}`}>
            <strong>{version.version}</strong> <When time={version.installed_at} /> <span className="quiet small">{version.installed_by}</span>{" "}
            <span className="number quiet small" title={version.sha256}>{version.sha256.slice(0, 12)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function AskInstall({ close }: { close: () => void }) {
  const client = useQueryClient();
  const field = useId();
  return (
    <AskUpload
      title="Install a plugin"
      confirm="Install"
      name={null}
      suggest={pluginFor}
      accept=".zst,.tar.zst"
      note="A package (tar.zst, at most 64 MiB). Its program will run on pods, with their rights: install only what you trust. A newer version takes effect when sessions are started again."
      path={(name) => address("/v1/plugins/{name}", { path: { name } })}
      headers={({ form }): Readonly<Record<string, string>> => {
        const signature = String(form.get("signature") ?? "").trim();
        const type = { "content-type": "application/zstd" };
        return signature === "" ? type : { ...type, "plugin-signature": signature };
      }}
      done={() => {
        void client.invalidateQueries({ queryKey: ["plugins", null] });
        void client.invalidateQueries({ queryKey: ["connectors", null] });
        close();
      }}
      close={close}
    >
      <label htmlFor={field}>Signature (where the orchestrator asks for one)</label>
      <input id={field} name="signature" autoComplete="off" spellCheck={false} pattern="[A-Za-z0-9+/=]*" title="as `conncentric plugin sign` prints it" />
    </AskUpload>
  );
}

function AskRemove({ plugin, close }: { plugin: Plugin; close: () => void }) {
  const client = useQueryClient();
  const send = () => remove("/v1/plugins/{name}", { path: { name: plugin.name } });
  const closed = (sent: boolean) => {
    if (sent) void client.invalidateQueries({ queryKey: ["plugins", null] });
    close();
  };
  return (
    <AskOnce title={`Remove ${plugin.name}?`} confirm="Remove" send={send} close={closed}>
      <p className="quiet">Its connector goes with it. It is refused while an adapter uses the connector.</p>
    </AskOnce>
  );
}
