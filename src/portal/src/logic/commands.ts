// The same from the command line and from scripts. The access token is never in these lines: they read it from the environment.

import { address, type Options } from "../api/client";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word as a shell takes it, whatever is in it. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `conncentric …`: words that are null are left out. */
export function cli(...words: readonly (string | null)[]): string {
  return ["conncentric", ...words.filter((word) => word !== null)].map(quoted).join(" ");
}

/** A flag with its value, or nothing without one. */
export function flag(name: string, value: string | null | undefined): [string, string] | [] {
  return value == null || value === "" ? [] : [name, value];
}

export function curl(origin: string, method: string, route: string, options: Options = {}): string {
  const words = ["curl -s -H \"Authorization: Bearer $CONNCENTRIC_TOKEN\""];
  if (method !== "GET") words.push(`-X ${method}`);
  words.push(quoted(origin + address(route, options)));
  if (options.body !== undefined) words.push(`--json ${quoted(JSON.stringify(options.body))}`);
  return words.join(" ");
}
