// The shapes of the API by the names that pages use. All of them are generated from our OpenAPI description.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type AccessToken = Schemas["AccessTokenView"];
export type Adapter = Schemas["AdapterView"];
export type AdapterDocument = Schemas["AdapterDocument"];
export type AdminState = Schemas["AdminState"];
export type Category = Schemas["Category"];
export type Entry = Schemas["EntryView"];
export type Event = Omit<Schemas["EventView"], "data"> & { data: Record<string, unknown> | null };
export type Heartbeat = Schemas["HeartbeatView"];
export type Level = Schemas["Level"];
export type Maintenance = Schemas["MaintenanceAnswer"];
export type Ownership = Schemas["OwnershipView"];
export type PlannedHandover = Schemas["PlannedHandover"];
export type Pod = Schemas["PodView"];
export type Problem = Schemas["Problem"];
export type PutAnswer = Schemas["PutAnswer"];
export type Readiness = Schemas["Readiness"];
export type Role = Schemas["Role"];
export type Session = Schemas["SessionView"];
export type Status = Schemas["OperationalStatus"];
export type WhoAmI = Schemas["WhoAmI"];
