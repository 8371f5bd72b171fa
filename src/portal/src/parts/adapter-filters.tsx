// The filters of adapters, for the pages that choose among them.

import { useMemo } from "react";
import type { Filter } from "../logic/filter";
import type { Row } from "../logic/rows";
import { Choice, TextField } from "./fields";

export function AdapterFilters({ filter, rows, change }: { filter: Filter; rows: readonly Row[]; change: (change: Partial<Filter>) => void }) {
  const modes = useMemo(() => [...new Set(rows.map((row) => row.mode))].sort(), [rows]);
  const pods = useMemo(() => [...new Set(rows.flatMap((row) => row.owners))].sort(), [rows]);
  return (
    <form className="filters" role="search" aria-label="Filter adapters" onSubmit={(event) => event.preventDefault()}>
      <TextField label="Search" value={filter.q} placeholder="name, reason, pod" change={(q) => change({ q })} />
      <Choice label="Status" value={filter.status} options={["ACTIVE", "CLAIMING", "ERROR", "INACTIVE"]} change={(status) => change({ status })} />
      <Choice label="Wanted" value={filter.admin} options={["ENABLED", "DISABLED"]} change={(admin) => change({ admin })} />
      <Choice label="Mode" value={filter.mode} options={modes} change={(mode) => change({ mode })} />
      <Choice label="Owner" value={filter.pod} options={pods} change={(pod) => change({ pod })} />
    </form>
  );
}
