// Which actions a session understands: those of its connector, and those that the settings of its adapter declare.

import type { Connector } from "../api/types";
import { memberOf, type Schema } from "./schema";

export interface Offered {
  name: string;
  description: string;
  schema: Schema;
}

const isAction = (one: unknown): one is { name: string } => typeof memberOf(one, "name") === "string";

/** `any`: whether one of any other name reaches the session too. */
export function offered(connector: Connector | undefined, settings: unknown): { actions: Offered[]; any: boolean } {
  const declared = memberOf(settings, "actions");
  const own = Array.isArray(declared) && connector?.passes_any_action === true ? declared.filter(isAction) : [];
  const all = [...(connector?.actions ?? []), ...own];
  return {
    actions: all.map((action) => ({
      name: action.name,
      description: String(memberOf(action, "description") ?? ""),
      schema: (memberOf(action, "parameters_schema") ?? {}) as Schema,
    })),
    any: connector?.passes_any_action === true && !Array.isArray(declared),
  };
}
