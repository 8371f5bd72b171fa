// The one event stream of this tab: opened with the credential, resumed where it broke off, watched for silence.

import { EventSourceParserStream } from "eventsource-parser/stream";
import { address, refusal } from "./client";
import type { Event } from "./types";

/** The server says something every 5 s. Silence for three times that is a dead connection. */
const SILENCE = 15_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

export type StreamState = "connecting" | "connected" | "reconnecting";

export interface Listener {
  /** An event of the ledger, in order. Without a gap since the last call of `gap`. */
  event: (event: Event) => void;
  state: (state: StreamState) => void;
  /** What was seen so far may be incomplete: everything is to be read again. */
  gap: () => void;
  /** The credential opens nothing any more. */
  refused: (reason: string) => void;
}

/** Follows the log until it is told to stop. */
export function follow(token: string, listener: Listener): () => void {
  const stop = new AbortController();
  void run(token, listener, stop.signal);
  return () => stop.abort();
}

async function run(token: string, listener: Listener, stop: AbortSignal): Promise<void> {
  let last: string | null = null;
  let pause = FIRST_PAUSE;
  listener.state("connecting");
  while (!stop.aborted) {
    try {
      last = await listen(token, last, listener, stop, () => (pause = FIRST_PAUSE));
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof Refused) {
        if (error.status === 401 || error.status === 403) return listener.refused(error.message);
        // A position that the log does not know, because it is sealed or lost: begin anew from now.
        if (error.status === 400) last = null;
      } else if (error instanceof Broken) {
        last = error.last;
      }
    }
    if (stop.aborted) return;
    listener.state("reconnecting");
    await rest(pause, stop);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

class Broken extends Error {
  constructor(readonly last: string | null) {
    super("the stream broke off");
  }
}

async function listen(token: string, from: string | null, listener: Listener, stop: AbortSignal, alive: () => void): Promise<string | null> {
  const silence = new AbortController();
  const signal = AbortSignal.any([stop, silence.signal]);
  let timer = setTimeout(() => silence.abort(), SILENCE);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE);
  };
  let last = from;
  try {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    if (from !== null) headers["last-event-id"] = from;
    const response = await fetch(address("/v1/events/stream", { query: { pulses: false } }), { headers, signal, cache: "no-store" });
    if (!response.ok || response.body === null) {
      const problem = await refusal(response);
      throw new Refused(problem.status, problem.message);
    }
    alive();
    listener.state("connected");
    // What happened before the stream began was not heard.
    if (from === null) listener.gap();
    const events = response.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TransformStream<string, string>({ transform: (text, out) => (heard(), out.enqueue(text)) }))
      .pipeThrough(new EventSourceParserStream());
    const reader = events.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last;
      if (value.id !== undefined && value.id !== "") last = value.id;
      if (value.data !== "") listener.event(JSON.parse(value.data) as Event);
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Broken(last);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, or until it is told to stop. */
function rest(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
