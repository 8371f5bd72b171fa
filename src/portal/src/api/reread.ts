// Some rows of the lists, read again: the read is the truth, and a small one is enough where little has changed.

import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { merged } from "../logic/merge";
import { get } from "./client";
import { adaptersAt, sessionsAt, withoutAges } from "./queries";

/** So many names the server takes in one request, and so many letters its address. Beyond that everything is read. */
const MOST = { names: 1_000, letters: 24_000 } as const;

export const isTooMuch = (names: ReadonlySet<string>): boolean =>
  names.size > MOST.names || [...names].reduce((letters, name) => letters + name.length + 1, 0) > MOST.letters;

interface Part<T> {
  key: QueryKey;
  read: () => Promise<readonly T[]>;
  id: (item: T) => string;
  asked: (item: T) => boolean;
}

async function replace<T>(client: QueryClient, { key, read, id, asked }: Part<T>): Promise<void> {
  const query = client.getQueryCache().find({ queryKey: key, exact: true });
  if (query?.state.data === undefined) return;
  const everything = () => client.invalidateQueries({ queryKey: key, exact: true });
  // Nobody looks at it, or all of it is being read and may be older than what is known now.
  if (!query.isActive() || query.state.fetchStatus === "fetching") return everything();
  const since = query.state.dataUpdatedAt;
  const fresh = await read();
  if (query.state.dataUpdatedAt !== since || query.state.fetchStatus !== "idle") return everything();
  client.setQueryData<readonly T[]>(key, (before) => (before === undefined ? before : merged(before, fresh, id, asked)));
}

/** The rows of these adapters, in every list and on their own pages. */
export async function reread(client: QueryClient, names: ReadonlySet<string>): Promise<void> {
  const all = [...names].join(",");
  const adapters = replace(client, {
    key: adaptersAt(null).queryKey,
    read: async () => (await get("/v1/adapters", { query: { names: all } })).adapters,
    id: (adapter) => adapter.name,
    asked: (adapter) => names.has(adapter.name),
  });
  const sessions = replace(client, {
    key: sessionsAt(null).queryKey,
    read: async () => withoutAges((await get("/v1/sessions", { query: { adapters: all } })).sessions),
    id: (session) => session.session,
    asked: (session) => names.has(session.adapter),
  });
  const pages = client.invalidateQueries({
    predicate: ({ queryKey: [topic, at, name, ...more] }) => topic === "adapters" && at === null && names.has(String(name)) && more.length === 0,
  });
  // What could not be read in part is out of date as a whole.
  await Promise.all([adapters, sessions, pages]).catch(() => client.invalidateQueries({ predicate: ({ queryKey: [topic, at] }) => at === null && (topic === "adapters" || topic === "sessions") }));
}
