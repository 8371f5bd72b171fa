// Saved views of the list of adapters: filters and sorting under a name. They are kept by the browser, for whoever uses it.

import { inOrder } from "./order";

export interface View {
  name: string;
  /** As it stands in the address, in one order. */
  query: string;
}

/** What belongs to a view. The moment that is shown does not. */
const FIELDS = ["q", "status", "admin", "mode", "pod", "sort", "desc"] as const;

export const LONGEST_NAME = 40;

/** The part of an address that a view keeps. */
export function queryOf(search: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const field of FIELDS) {
    const value = search.get(field);
    // What is so anyway is not worth a word: then the same view always has the same text.
    if (value !== null && value !== "" && !(field === "sort" && value === "name" && search.get("desc") === null)) kept.set(field, value);
  }
  return kept.toString();
}

/** The address with a view in the place of the one before; whatever else is in it stays. */
export function applied(search: URLSearchParams, view: View): URLSearchParams {
  const after = new URLSearchParams(search);
  for (const field of FIELDS) after.delete(field);
  for (const [field, value] of new URLSearchParams(queryOf(new URLSearchParams(view.query)))) after.set(field, value);
  return after;
}

/** By name; one of the same name is replaced. */
export function withView(views: readonly View[], view: View): View[] {
  return [...withoutView(views, view.name), view].sort((a, b) => inOrder(a.name, b.name));
}

export const withoutView = (views: readonly View[], name: string): View[] => views.filter((view) => view.name !== name);

/** What the browser kept. Whatever is not like a view is left out: others may write there too. */
export function readViews(text: string | null): View[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    const isView = (one: unknown): one is View =>
      typeof one === "object" && one !== null && "name" in one && typeof one.name === "string" && "query" in one && typeof one.query === "string";
    return Array.isArray(kept) ? kept.filter(isView).map(({ name, query }) => ({ name: name.slice(0, LONGEST_NAME), query })) : [];
  } catch {
    return [];
  }
}
