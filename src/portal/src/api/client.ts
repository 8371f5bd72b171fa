// Requests to the public HTTP API, and nothing else: the Portal has no other way to know or to change anything.

import type { paths } from "./schema";
import type { Remark } from "../logic/remarks";
import type { Problem } from "./types";
import { leave, token } from "../session/credential";

/** A refusal or a failure, in the words of the server where it had any. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly field: string | null = null,
    /** Everything that is wrong, field by field, where the server says more than one thing. */
    readonly errors: readonly Remark[] = [],
  ) {
    super(detail);
    this.name = "ApiError";
  }

  /** Whether asking again may help: nobody answered, or the database is away. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

type Method = "get" | "put" | "post" | "delete";
type Having<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Content<O, S extends number> = O extends { responses: Record<S, { content: { "application/json": infer T } }> } ? T : never;
type Or<T, U> = [T] extends [never] ? U : T;
/** What an operation answers when it goes well: it is done, something was made, or it is on its way. */
type Good<O> = Or<Content<O, 200>, Or<Content<O, 201>, Or<Content<O, 202>, void>>>;

export interface Options {
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** The address of a route with its names and its query filled in. */
export function address(route: string, { path = {}, query = {} }: Pick<Options, "path" | "query"> = {}): string {
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return search === "" ? filled : `${filled}?${search}`;
}

/** What a failed answer says, also when it does not come from us but from something in between. */
export async function refusal(response: Response): Promise<ApiError> {
  return refusalOf(response.status, response.statusText, await response.text().catch(() => ""));
}

export function refusalOf(status: number, statusText: string, text: string): ApiError {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.detail === "string") {
      const errors = (problem.errors ?? []).map(({ field, detail }) => ({ field, message: detail }));
      return new ApiError(status, problem.code, problem.detail, problem.field ?? null, errors);
    }
  } catch {
    // Not ours: the status is all there is.
  }
  return new ApiError(status, "unreadable", `the server answered ${status} ${statusText}`.trim());
}

async function send(method: Method, route: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  const credential = token();
  if (credential !== null) headers["authorization"] = `Bearer ${credential}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (method !== "get") headers["idempotency-key"] ??= requestKey();
  const init: RequestInit = { method: method.toUpperCase(), headers, cache: "no-store", credentials: "omit" };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(address(route, options), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "no answer from the server");
  }
  if (response.ok) return response;
  const problem = await refusal(response);
  // Somebody revoked the token, or it was never good.
  if (response.status === 401 && credential !== null && credential === token()) leave(problem.message);
  throw problem;
}

/** Letters of an answer that takes long to read. */
const LONG = 250_000;

async function call<P extends keyof paths, M extends Method>(method: M, route: P, options: Options): Promise<Good<Operation<P, M>>> {
  const response = await send(method, route, options);
  const text = await response.text();
  const answer: unknown = text === "" ? undefined : JSON.parse(text);
  // Reading a list of thousands takes a while, and so does what is done with it: whoever types comes between the two.
  if (text.length > LONG) await new Promise((resolve) => setTimeout(resolve));
  return answer as Good<Operation<P, M>>;
}

export const get = <P extends Having<"get">>(route: P, options: Options = {}) => call("get", route, options);
export const put = <P extends Having<"put">>(route: P, options: Options = {}) => call("put", route, options);
export const post = <P extends Having<"post">>(route: P, options: Options = {}) => call("post", route, options);
export const remove = <P extends Having<"delete">>(route: P, options: Options = {}) => call("delete", route, options);

/** What a route answers as it is, for what is no JSON. */
export const bytes = async <P extends Having<"get">>(route: P, options: Options = {}): Promise<Blob> => (await send("get", route, options)).blob();

/** A fresh `Idempotency-Key`. `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function requestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
