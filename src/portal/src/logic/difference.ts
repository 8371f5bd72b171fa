// What is different between two moments, adapter by adapter and session by session.

import type { Adapter, Session } from "../api/types";
import { inOrder } from "./order";

export type What = "declared or deleted" | "wanted" | "status" | "owner" | "settings";

export const WHATS: readonly What[] = ["declared or deleted", "wanted", "status", "owner", "settings"];

export interface Change {
  /** Unlike that of any other change between the same two moments. */
  id: string;
  adapter: string;
  /** The adapter, or one session of several. */
  about: string;
  what: What;
  before: string | null;
  after: string | null;
}

/** What was the case at one moment. */
export interface Side {
  adapters: readonly Adapter[];
  sessions: readonly Session[];
}

function change(adapter: string, about: string, what: What, before: string | null, after: string | null): Change {
  return { id: `${what} ${about}`, adapter, about, what, before, after };
}

const status = (of: Pick<Adapter, "status" | "reason"> | undefined): string | null =>
  of === undefined ? null : of.reason == null ? of.status : `${of.status}: ${of.reason}`;

function ofAdapter(before: Adapter | undefined, after: Adapter | undefined): Change[] {
  const name = (before ?? after)?.name ?? "";
  if (before === undefined || after === undefined) {
    const said = (adapter: Adapter | undefined) => (adapter === undefined ? null : `${adapter.connector}, ${adapter.admin_state}`);
    return [change(name, name, "declared or deleted", said(before), said(after))];
  }
  const found: Change[] = [];
  if (before.admin_state !== after.admin_state) found.push(change(name, name, "wanted", before.admin_state, after.admin_state));
  if (before.status !== after.status) found.push(change(name, name, "status", status(before), status(after)));
  if (before.revision !== after.revision) found.push(change(name, name, "settings", `revision ${before.revision}`, `revision ${after.revision}`));
  return found;
}

/** A larger token under the same name is another ownership: the pod started again, or got the session back. */
function ofSession(before: Session | undefined, after: Session | undefined): Change[] {
  const session = before ?? after;
  if (session === undefined || (before?.token ?? null) === (after?.token ?? null)) return [];
  const [was, is] = [before?.owner?.pod ?? null, after?.owner?.pod ?? null];
  return [change(session.adapter, session.session, "owner", was, was !== null && was === is ? `${is} (claimed again)` : is)];
}

/** Every name of either list, with what each list has under it. */
function* paired<T>(before: readonly T[], after: readonly T[], name: (item: T) => string): Generator<[T | undefined, T | undefined]> {
  const left = new Map(before.map((item) => [name(item), item]));
  for (const item of after) {
    yield [left.get(name(item)), item];
    left.delete(name(item));
  }
  for (const item of left.values()) yield [item, undefined];
}

/** In the order of adapters and sessions; for one adapter what was asked for comes before what followed from it. */
export function difference(before: Side, after: Side): Change[] {
  const found: Change[] = [];
  for (const [was, is] of paired(before.adapters, after.adapters, (adapter) => adapter.name)) found.push(...ofAdapter(was, is));
  for (const [was, is] of paired(before.sessions, after.sessions, (session) => session.session)) found.push(...ofSession(was, is));
  const rank = (one: Change) => WHATS.indexOf(one.what);
  return found.sort((a, b) => inOrder(a.adapter, b.adapter) || inOrder(a.about, b.about) || rank(a) - rank(b));
}
