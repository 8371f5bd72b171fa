// From a JSON Schema to the fields of a form and back: which kind of field stands for which value, and how it is written in it.
//
// Nothing is judged here. The server checks with the same schema and names the field; a checker in the browser would have to
// compile code, which the policy of our pages forbids.

import { parse, stringify } from "yaml";

/** As much of JSON Schema as a form can show. Whatever else a schema has, the server knows. */
export interface Schema {
  type?: string | readonly string[];
  title?: string;
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  enum?: readonly unknown[];
  default?: unknown;
  examples?: readonly unknown[];
}

/** `lines`: texts, one a line. `pairs`: NAME=value, one a line. `raw`: YAML, for whatever no simpler field can hold. */
export type Kind = "text" | "number" | "boolean" | "choice" | "lines" | "pairs" | "group" | "raw";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const isLine = (value: unknown): value is string => typeof value === "string" && !value.includes("\n");

const isText = (schema: boolean | Schema | undefined): boolean => typeof schema === "object" && schema.type === "string";

/** A name that ends before the first `=`, and a value that keeps to its line. */
const isPair = ([name, value]: [string, unknown]): boolean => isLine(name) && name !== "" && !name.includes("=") && isLine(value);

/** The field for a schema, given what is in it now: what a simple field could not show is raw. */
export function kindOf(schema: Schema, value: unknown): Kind {
  const set = value !== undefined;
  if (schema.enum !== undefined) return schema.enum.every((one) => typeof one === "string") && (!set || schema.enum.some((one) => one === value)) ? "choice" : "raw";
  switch (schema.type) {
    case "string":
      return !set || isLine(value) ? "text" : "raw";
    case "integer":
    case "number":
      // A reference such as ${env:PORT} stands for a number too.
      return !set || typeof value === "number" || isLine(value) ? "number" : "raw";
    case "boolean":
      return !set || typeof value === "boolean" ? "boolean" : "raw";
    case "array":
      return isText(schema.items) && (!set || (Array.isArray(value) && value.every(isLine))) ? "lines" : "raw";
    case "object":
      if (schema.properties !== undefined && Object.keys(schema.properties).length > 0) return !set || isObject(value) ? "group" : "raw";
      return isText(schema.additionalProperties) && (!set || (isObject(value) && Object.entries(value).every(isPair))) ? "pairs" : "raw";
    default:
      return "raw";
  }
}

/** What stands in the field for a value; nothing for one that is not set. */
export function textOf(kind: Kind, value: unknown): string {
  if (value === undefined) return "";
  if (kind === "lines" && Array.isArray(value)) return value.join("\n");
  if (kind === "pairs" && isObject(value)) return Object.entries(value).map(([name, text]) => `${name}=${String(text)}`).join("\n");
  if (kind === "raw") return stringify(value).trimEnd();
  return String(value);
}

const lines = (text: string): string[] => text.replace(/\n+$/, "").split("\n");

function pair(line: string): [string, string] {
  const at = line.indexOf("=");
  if (at < 1) throw new Error(`write NAME=value, not "${line}"`);
  return [line.slice(0, at).trim(), line.slice(at + 1)];
}

/** The value that a text in a field means; undefined for none. Throws what is wrong, in words. */
export function valueOf(kind: Kind, text: string): unknown {
  if (text.trim() === "") return undefined;
  switch (kind) {
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text.trim();
    case "boolean":
      return text === "true";
    case "lines":
      return lines(text);
    case "pairs":
      return Object.fromEntries(lines(text).filter((line) => line.trim() !== "").map(pair));
    case "raw":
      try {
        return parse(text) as unknown;
      } catch (error) {
        throw new Error(`this is not YAML: ${error instanceof Error ? error.message : String(error)}`);
      }
    default:
      return text;
  }
}

/** An object with one member set, or without it. */
export function withMember(value: unknown, name: string, member: unknown): Record<string, unknown> {
  const before = isObject(value) ? value : {};
  if (member === undefined) {
    const { [name]: _, ...rest } = before;
    return rest;
  }
  return { ...before, [name]: member };
}

export const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** An example as it would be written in the field. */
export function exampleOf(kind: Kind, schema: Schema): string | undefined {
  const [example] = schema.examples ?? [];
  const shown = example ?? schema.default;
  return shown === undefined || shown === "" ? undefined : textOf(kind, shown);
}
