// Forms from JSON Schemas, what is said about their fields, and files.

import { describe, expect, it } from "vitest";
import type { Connector } from "../api/types";
import { offered } from "./actions";
import { documentSchema } from "./document";
import { nameFor, pluginFor, size, textOf as textOfFile } from "./files";
import { about, elsewhere, remarksOf } from "./remarks";
import { exampleOf, type Kind, kindOf, memberOf, type Schema, textOf, valueOf, withMember } from "./schema";

const texts: Schema = { type: "array", items: { type: "string" } };
const pairs: Schema = { type: "object", additionalProperties: { type: "string" } };

describe("fields", () => {
  it("are as simple as the schema and the value allow", () => {
    const kinds = (cases: [Schema, unknown][]): Kind[] => cases.map(([schema, value]) => kindOf(schema, value));
    expect(kinds([[{ type: "string" }, "x"], [{ type: "integer" }, 3], [{ type: "boolean" }, undefined], [{ type: "string", enum: ["a", "b"] }, "b"], [texts, ["a"]], [pairs, { A: "1" }]])).toEqual([
      "text", "number", "boolean", "choice", "lines", "pairs",
    ]);
    expect(kinds([[{ type: "object", properties: { a: {} } }, undefined]])).toEqual(["group"]);
    // A reference stands for a number; what no simple field could hold is YAML.
    expect(kinds([[{ type: "integer" }, "${env:PORT}"], [texts, ["two\nlines"]], [texts, [1]], [pairs, { A: "two\nlines" }], [{ type: "string", enum: ["a"] }, "z"], [{}, undefined], [{ type: "boolean" }, "${env:ON}"]])).toEqual([
      "number", "raw", "raw", "raw", "raw", "raw", "raw",
    ]);
  });

  it("give back what was put in", () => {
    const cases: [Kind, unknown][] = [
      ["text", "x y"], ["number", 3], ["number", -1.5], ["number", "${env:PORT}"], ["boolean", false], ["lines", ["sh", "-c", "", "exit 1"]],
      ["pairs", { A: "1=2", B: "" }], ["raw", true], ["raw", "HELLO {session} {token}"], ["raw", { a: [1, { b: null }] }], ["raw", "true"],
    ];
    for (const [kind, value] of cases) expect(valueOf(kind, textOf(kind, value))).toEqual(value);
  });

  it("that are empty mean nothing, and what means nothing says why", () => {
    for (const kind of ["text", "number", "boolean", "choice", "lines", "pairs", "raw"] as const) expect(valueOf(kind, textOf(kind, undefined))).toBeUndefined();
    expect(() => valueOf("pairs", "NAME")).toThrow('write NAME=value, not "NAME"');
    expect(() => valueOf("raw", "a: [")).toThrow("this is not YAML");
  });

  it("are members of what they are in", () => {
    expect(withMember({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
    expect(withMember(undefined, "a", 1)).toEqual({ a: 1 });
    expect([memberOf({ a: 1 }, "a"), memberOf(null, "a"), memberOf([1], "0")]).toEqual([1, undefined, undefined]);
  });

  it("show an example, or what is usual", () => {
    expect(exampleOf("lines", { ...texts, examples: [["sh", "-c"]] })).toBe("sh\n-c");
    expect(exampleOf("text", { type: "string", default: "5s" })).toBe("5s");
    expect(exampleOf("text", { type: "string" })).toBeUndefined();
  });

  it("of a document end with those of the connector", () => {
    const schema = documentSchema("tcp", { type: "object", properties: { address: { type: "string" } } });
    expect(Object.keys(schema.properties ?? {}).at(-1)).toBe("settings");
    expect(schema.properties?.["settings"]?.title).toBe("Settings of connector tcp");
    expect(kindOf(documentSchema("unheard-of", undefined).properties?.["settings"] ?? {}, { any: 1 })).toBe("raw");
  });
});

describe("remarks", () => {
  const all = [{ field: "settings.env.A", message: "1" }, { field: "settings.environment", message: "2" }, { field: "settings.actions[0].name", message: "3" }];

  it("stand at the field that they are about", () => {
    expect(about("settings.env", all).map(({ message }) => message)).toEqual(["1"]);
    expect(about("settings.actions", all).map(({ message }) => message)).toEqual(["3"]);
    expect(elsewhere(["settings.env"], all).map(({ message }) => message)).toEqual(["2", "3"]);
  });

  it("are all of what the server says", () => {
    expect(remarksOf(null)).toEqual([]);
    expect(remarksOf({ field: "lease_ttl", message: "too short", errors: [] })).toEqual([{ field: "lease_ttl", message: "too short" }]);
    expect(remarksOf({ field: "a", message: "two", errors: all })).toEqual(all);
  });
});

describe("actions", () => {
  const restart = { name: "restart", description: "again", parameters_schema: {} };
  const connector = (any: boolean) => ({ name: "exec", description: "", settings_schema: {}, actions: [restart], passes_any_action: any }) as unknown as Connector;

  it("are those of the connector and of the settings", () => {
    const declared = { actions: [{ name: "reset", description: "anew" }, "nonsense"] };
    expect(offered(connector(true), declared)).toEqual({
      actions: [{ name: "restart", description: "again", schema: {} }, { name: "reset", description: "anew", schema: {} }],
      any: false,
    });
    expect(offered(connector(true), {}).any).toBe(true);
    expect(offered(connector(false), declared).actions.map(({ name }) => name)).toEqual(["restart"]);
    expect(offered(undefined, {})).toEqual({ actions: [], any: false });
  });
});

describe("files", () => {
  it("have a size and a name that could be theirs", () => {
    expect([size(12), size(20_480), size(1_500_000)]).toEqual(["12 B", "20 KiB", "1.4 MiB"]);
    expect([nameFor("FIX 4.4 (new).XML"), nameFor("<img src=x>.xml"), nameFor("a.tar.gz"), pluginFor("feed-1.2.0.tar.zst")]).toEqual(["fix-4.4-new", "img-src-x", "a", "feed"]);
  });

  it("are text only where they are", () => {
    expect(textOfFile(new TextEncoder().encode("grüß"))).toBe("grüß");
    expect(textOfFile(new Uint8Array([0xff, 0xfe, 0x00]))).toBeNull();
    expect(textOfFile(new Uint8Array([65, 0, 66]))).toBeNull();
  });
});
