// Files on their way to the server.

import { token } from "../session/credential";
import { ApiError, refusalOf, requestKey } from "./client";

/** As the server has it, in bytes. */
export const LARGEST = 64 << 20;

/** The hash of what is sent, so that what arrives otherwise is refused. Only pages over TLS or from this machine can work it out. */
async function digest(file: File): Promise<Record<string, string>> {
  if (!("subtle" in crypto)) return {};
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return { "content-digest": `sha-256=:${btoa(String.fromCharCode(...hash))}:` };
}

export interface Upload {
  /** The route with its name filled in. */
  path: string;
  file: File;
  headers: Readonly<Record<string, string>>;
  /** Bytes that have been sent. */
  progress: (sent: number) => void;
  signal: AbortSignal;
}

/** Sends a file. `fetch` says nothing about how far it is, so this is the one request that is made the old way. */
export async function upload({ path, file, headers, progress, signal }: Upload): Promise<unknown> {
  if (file.size > LARGEST) throw new ApiError(413, "body-too-large", `${file.name} is larger than 64 MiB`);
  const known = token();
  const credential: Record<string, string> = known === null ? {} : { authorization: `Bearer ${known}` };
  const all = { ...credential, "idempotency-key": requestKey(), ...headers, ...(await digest(file)) };
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(refusalOf(request.status, request.statusText, request.responseText));
    });
    request.addEventListener("error", () => reject(new ApiError(0, "unreachable", "the upload broke off; nothing was stored")));
    request.addEventListener("abort", () => reject(new ApiError(0, "aborted", "the upload was stopped; nothing was stored")));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}
