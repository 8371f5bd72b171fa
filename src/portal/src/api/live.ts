// Keeps what is on the screen true: events of the stream mark lists as out of date, and they are read again at a bounded pace.

import type { QueryClient } from "@tanstack/react-query";
import { pauseBefore } from "../logic/pace";
import { store } from "../logic/store";
import { touched, touchedRow, type Topic } from "../logic/touched";
import { leave } from "../session/credential";
import { isTooMuch, reread } from "./reread";
import { follow, type StreamState } from "./stream";
import type { Event } from "./types";

/** Events that are remembered, for announcements and the live tail. */
const REMEMBERED = 500;

export const streamState = store<StreamState>("connecting");

/** The newest events, newest first. */
export const recent = store<readonly Event[]>([]);

/** Follows the log for a signed-in person, until the returned function is called. */
export function keepTrue(client: QueryClient, token: string): () => void {
  const stale = new Set<Topic>();
  let changed = new Set<string>();
  let fresh: Event[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let [took, ended] = [0, 0];

  const read = async () => {
    timer = null;
    const topics = new Set(stale);
    stale.clear();
    const names = changed;
    changed = new Set();
    if (isTooMuch(names)) topics.add("adapters").add("sessions");
    if (fresh.length > 0) {
      const added = fresh;
      fresh = [];
      recent.update((before) => [...added.reverse(), ...before].slice(0, REMEMBERED));
    }
    const began = performance.now();
    // The past does not change, so only what is shown as of now is read again.
    const whole = client.invalidateQueries({ predicate: ({ queryKey: [topic, at] }) => at === null && topics.has(topic as Topic) });
    const rows = names.size > 0 && !topics.has("sessions") ? reread(client, names) : undefined;
    await Promise.all([whole, rows]);
    [took, ended] = [performance.now() - began, performance.now()];
    plan();
  };
  const plan = () => {
    if (timer !== null || (stale.size === 0 && changed.size === 0 && fresh.length === 0)) return;
    timer = setTimeout(() => void read(), pauseBefore(took, performance.now() - ended));
  };
  const begin = () => follow(token, {
    event: (event) => {
      fresh.push(event);
      for (const topic of touched(event)) stale.add(topic);
      const row = touchedRow(event);
      if (row !== null) changed.add(row);
      plan();
    },
    state: (state) => streamState.set(state),
    gap: () => void client.invalidateQueries({ predicate: ({ queryKey: [, at] }) => at === null }),
    refused: (reason) => leave(reason),
  });
  let stop = begin();
  // A page that the browser keeps for "back" must not keep its stream: a browser has six connections to a server, and the seventh page
  // would wait for ever.
  const hide = () => stop();
  const show = (event: PageTransitionEvent) => {
    if (event.persisted) stop = begin();
  };
  window.addEventListener("pagehide", hide);
  window.addEventListener("pageshow", show);
  return () => {
    window.removeEventListener("pagehide", hide);
    window.removeEventListener("pageshow", show);
    stop();
    if (timer !== null) clearTimeout(timer);
    recent.set([]);
  };
}
