// Links between pages. The moment that is shown goes along.

import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useAt } from "../time/as-of";

/** An address of ours with what is to be in its query. */
export function within(path: string, query: Record<string, string | null | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] != null && entry[1] !== "");
  const search = new URLSearchParams(given).toString();
  return search === "" ? path : `${path}?${search}`;
}

interface To {
  to: string;
  query?: Record<string, string | null | undefined>;
  className?: string;
  children: ReactNode;
}

export function Go({ to, query = {}, className, children }: To) {
  const at = useAt();
  return (
    <Link href={within(to, { ...query, at })} className={className}>
      {children}
    </Link>
  );
}

export const adapterPath = (name: string): string => `/adapters/${encodeURIComponent(name)}`;

export function NavItem({ to, children }: { to: string; children: ReactNode }) {
  const [path] = useLocation();
  const at = useAt();
  const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
  return (
    <Link href={within(to, { at })} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}
