// The document of an adapter: what an operator declares, without what is the case.

import type { Adapter, AdapterDocument } from "../api/types";
import type { Schema } from "./schema";

const FIELDS = [
  "name", "connector", "mode", "replicas", "lease_ttl", "enabled", "priority", "placement", "on_lease_loss", "artifacts", "settings",
] as const satisfies readonly (keyof AdapterDocument)[];

/** In the order of the documentation, which is also that of `conncentric get adapters -o json`. */
export function documentOf(adapter: Partial<Adapter> | AdapterDocument): AdapterDocument {
  return Object.fromEntries(FIELDS.filter((field) => adapter[field] != null).map((field) => [field, adapter[field]])) as unknown as AdapterDocument;
}

/** What every adapter has beside the settings of its connector. Name, connector and administrative state are not changed in a form. */
const COMMON: Readonly<Record<string, Schema>> = {
  mode: { title: "Mode", type: "string", enum: ["single", "exclusive", "load_balanced"], description: "exclusive: one active instance and standbys, never two." },
  replicas: { title: "Replicas", type: "integer", description: "How many sessions; load balanced only." },
  lease_ttl: { title: "Lease timeout", type: "string", examples: ["15s"], description: "How long a pod may be silent before another takes over. In production 20s to 30s." },
  priority: { title: "Priority", type: "integer", description: "The highest is taken over first when many leases run out at once." },
  on_lease_loss: { title: "On lease loss", type: "string", enum: ["stop", "continue"], description: "continue is not for exclusive adapters." },
  placement: {
    title: "Placement",
    type: "object",
    properties: {
      labels: { title: "Labels", type: "object", additionalProperties: { type: "string" }, description: "Labels that its pod must have.", examples: [{ zone: "a" }] },
      capacity: { title: "Capacity", type: "integer", description: "Units of its pod's capacity that it takes." },
    },
  },
  artifacts: { title: "Artifacts", type: "array", items: { type: "string" }, description: "Names of artifacts; name@2 for a version of its own.", examples: [["fix44-dictionary"]] },
};

/** The form of a document. Without a schema of the connector its settings are one field of YAML. */
export function documentSchema(connector: string, settings: Schema | undefined): Schema {
  return { type: "object", required: ["mode"], properties: { ...COMMON, settings: { ...settings, title: `Settings of connector ${connector}` } } };
}
