// What somebody asked for and is still on its way: 37 of 40 closed.

import type { Adapter, Session } from "../api/types";

export type Operation =
  | { kind: "enable" | "disable"; names: readonly string[] }
  | { kind: "move"; sessions: readonly string[]; to: string }
  /** Each with the token that it had before: the same pod gets it back under a larger one. */
  | { kind: "restart"; tokens: Readonly<Record<string, string>> }
  | { kind: "drain"; pod: string; sessions: readonly string[] };

export interface Progress {
  done: number;
  total: number;
  /** The first of those that are not there yet, each with its reason. */
  waiting: readonly { name: string; reason: string | null }[];
}

const SHOWN = 3;

function counted<T>(all: readonly T[], isDone: (item: T) => boolean, say: (item: T) => { name: string; reason: string | null }): Progress {
  const waiting = all.filter((item) => !isDone(item));
  return { done: all.length - waiting.length, total: all.length, waiting: waiting.slice(0, SHOWN).map(say) };
}

/** An adapter or session that is gone meanwhile is not waited for. */
export function progress(operation: Operation, adapters: readonly Adapter[], sessions: readonly Session[]): Progress {
  switch (operation.kind) {
    case "enable":
    case "disable": {
      const wanted = operation.kind === "enable" ? "ACTIVE" : "INACTIVE";
      const names = new Set(operation.names);
      const meant = adapters.filter((adapter) => names.has(adapter.name));
      return counted(meant, (adapter) => adapter.status === wanted, (adapter) => ({ name: adapter.name, reason: adapter.reason ?? null }));
    }
    case "move": {
      const names = new Set(operation.sessions);
      const meant = sessions.filter((session) => names.has(session.session));
      const there = (session: Session) => session.owner?.pod === operation.to && session.status === "ACTIVE";
      return counted(meant, there, (session) => ({ name: session.session, reason: session.reason ?? null }));
    }
    case "restart": {
      const meant = sessions.filter((session) => operation.tokens[session.session] !== undefined);
      const again = (session: Session) => session.status === "ACTIVE" && session.token !== operation.tokens[session.session];
      return counted(meant, again, (session) => ({ name: session.session, reason: session.reason ?? null }));
    }
    case "drain": {
      const names = new Set(operation.sessions);
      const meant = sessions.filter((session) => names.has(session.session));
      const off = (session: Session) => session.owner != null && session.owner.pod !== operation.pod;
      return counted(meant, off, (session) => ({ name: session.session, reason: session.reason ?? null }));
    }
  }
}

/** The same as a sentence. */
export function said(operation: Operation, { done, total }: Progress): string {
  switch (operation.kind) {
    case "enable":
      return `${done} of ${total} active`;
    case "disable":
      return `${done} of ${total} closed`;
    case "move":
      if (operation.sessions.length > 1) return `${done} of ${total} moved to ${operation.to}`;
      return `${operation.sessions.join()} ${done === total ? "runs on" : "is on its way to"} ${operation.to}`;
    case "restart": {
      const [one = "", ...others] = Object.keys(operation.tokens);
      if (others.length > 0) return `${done} of ${total} restarted`;
      return done === total ? `${one} has restarted` : `${one} restarts`;
    }
    case "drain":
      return `${done} of ${total} handed over by ${operation.pod}`;
  }
}
