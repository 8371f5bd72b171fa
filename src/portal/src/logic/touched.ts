// Which lists an event makes out of date.

import type { Event } from "../api/types";

export type Topic = "adapters" | "sessions" | "pods" | "log" | "history" | "events" | "maintenance" | "readiness" | "tokens";

const EVERYTHING: readonly Topic[] = ["adapters", "sessions", "pods", "log", "history", "events", "maintenance", "readiness", "tokens"];

export function touched(event: Pick<Event, "stream" | "type">): readonly Topic[] {
  const [about] = event.stream.split(":", 1);
  switch (about) {
    case "adapter":
      return ["adapters", "sessions", "log", "events", "maintenance"];
    case "session":
      // Entries of connectors change no state.
      if (event.type === "SessionLogged") return ["log", "events"];
      if (event.type === "SessionStatusChanged") return ["adapters", "sessions", "log", "events"];
      return ["adapters", "sessions", "pods", "log", "history", "events"];
    case "pod":
      return ["pods", "sessions", "adapters", "log", "events"];
    case "access-token":
      return ["events", "tokens"];
    default:
      return EVERYTHING;
  }
}
