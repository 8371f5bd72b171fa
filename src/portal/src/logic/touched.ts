// Which lists an event makes out of date.

import type { Event } from "../api/types";

export type Topic = "adapters" | "sessions" | "pods" | "log" | "history" | "events" | "maintenance" | "readiness" | "tokens" | "actions" | "connectors" | "artifacts" | "plugins";

const EVERYTHING: readonly Topic[] = [
  "adapters", "sessions", "pods", "log", "history", "events", "maintenance", "readiness", "tokens", "actions", "connectors", "artifacts", "plugins",
];

export function touched(event: Pick<Event, "stream" | "type">): readonly Topic[] {
  const [about] = event.stream.split(":", 1);
  switch (about) {
    case "adapter":
      // Artifacts and plugins say who uses them.
      return ["adapters", "sessions", "log", "events", "maintenance", "artifacts", "plugins"];
    case "session":
      // Entries of connectors change no state.
      if (event.type === "SessionLogged") return ["log", "events"];
      if (event.type === "SessionStatusChanged") return ["log", "events"];
      if (event.type === "ActionOrdered" || event.type === "ActionAnswered") return ["actions", "sessions", "log", "events"];
      // The end of an ownership gives up the actions that nobody has answered.
      return ["adapters", "sessions", "pods", "log", "history", "events", "actions"];
    case "artifact":
      return ["artifacts", "events"];
    case "plugin":
      return ["plugins", "connectors", "events"];
    case "pod":
      return ["pods", "sessions", "adapters", "log", "events"];
    case "access-token":
      return ["events", "tokens"];
    default:
      return EVERYTHING;
  }
}

/** The one adapter whose row in the lists an event makes out of date. Such events come by the hundred, and the rest of the lists stands. */
export function touchedRow(event: Pick<Event, "stream" | "type">): string | null {
  if (event.type !== "SessionStatusChanged") return null;
  return /^session:(.+)\/\d+$/.exec(event.stream)?.[1] ?? null;
}
