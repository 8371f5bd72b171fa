// The document of an adapter: what an operator declares, without what is the case.

import type { Adapter, AdapterDocument } from "../api/types";

const FIELDS = [
  "name", "connector", "mode", "replicas", "lease_ttl", "enabled", "priority", "placement", "on_lease_loss", "artifacts", "settings",
] as const satisfies readonly (keyof AdapterDocument)[];

/** In the order of the documentation, which is also that of `conncentric get adapters -o json`. */
export function documentOf(adapter: Adapter): AdapterDocument {
  return Object.fromEntries(FIELDS.filter((field) => adapter[field] != null).map((field) => [field, adapter[field]])) as unknown as AdapterDocument;
}
