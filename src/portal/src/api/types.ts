// The shapes of the API by the names that pages use. All of them are generated from our OpenAPI description.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Action = Schemas["ActionView"];
export type AccessToken = Schemas["AccessTokenView"];
export type Adapter = Schemas["AdapterView"];
export type AdapterDocument = Schemas["AdapterDocument"];
export type AdminState = Schemas["AdminState"];
export type Artifact = Schemas["ArtifactView"];
export type ArtifactVersion = Schemas["ArtifactVersion"];
export type Category = Schemas["Category"];
export type Connector = Schemas["ConnectorView"];
export type Entry = Schemas["EntryView"];
export type Event = Omit<Schemas["EventView"], "data"> & { data: Record<string, unknown> | null };
export type Heartbeat = Schemas["HeartbeatView"];
export type Level = Schemas["Level"];
export type Maintenance = Schemas["MaintenanceAnswer"];
export type Ownership = Schemas["OwnershipView"];
export type PlannedHandover = Schemas["PlannedHandover"];
export type Plugin = Schemas["PluginView"];
export type Pod = Schemas["PodView"];
export type Problem = Schemas["Problem"];
export type PutAnswer = Schemas["PutAnswer"];
export type Readiness = Schemas["Readiness"];
export type Revision = Schemas["RevisionView"];
export type Role = Schemas["Role"];
/** Without the age of its lease, which is never the same twice: when its owner was heard of is known of pods. */
export type Session = Omit<Schemas["SessionView"], "lease_age_ms">;
export type Status = Schemas["OperationalStatus"];
export type WhoAmI = Schemas["WhoAmI"];
