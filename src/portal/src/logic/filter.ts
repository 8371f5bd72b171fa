// Filters of the list of adapters, as they stand in the address.

import type { Row } from "./rows";

export interface Filter {
  q: string;
  status: string;
  admin: string;
  mode: string;
  pod: string;
}

const FIELDS = ["q", "status", "admin", "mode", "pod"] as const;

export function readFilter(search: URLSearchParams): Filter {
  const text = (field: string) => search.get(field) ?? "";
  return { q: text("q"), status: text("status"), admin: text("admin"), mode: text("mode"), pod: text("pod") };
}

/** The address with other filters; whatever else is in it stays. */
export function writeFilter(search: URLSearchParams, change: Partial<Filter>): URLSearchParams {
  const after = new URLSearchParams(search);
  for (const field of FIELDS) {
    const value = change[field];
    if (value === undefined) continue;
    if (value === "") after.delete(field);
    else after.set(field, value);
  }
  return after;
}

export const isFiltered = (filter: Filter): boolean => FIELDS.some((field) => filter[field] !== "");

/** Every word of the search must be somewhere in the name, the reason or an owner. */
export function matches(row: Row, filter: Filter): boolean {
  if (filter.status !== "" && row.status !== filter.status) return false;
  if (filter.admin !== "" && row.admin !== filter.admin) return false;
  if (filter.mode !== "" && row.mode !== filter.mode) return false;
  if (filter.pod !== "" && !row.owners.includes(filter.pod)) return false;
  if (filter.q === "") return true;
  return filter.q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => row.text.includes(word));
}
