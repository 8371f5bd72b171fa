// A table that stays smooth with thousands of rows: only the ones in view are in the page, and the rest is counted for screen
// readers (`aria-rowcount`, `aria-rowindex`).

import {
  createSortedRowModel,
  type ColumnDef,
  type RowSelectionState,
  rowSelectionFeature,
  rowSortingFeature,
  sortFn_alphanumeric,
  type SortingState,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useCallback, useEffect, useMemo, useRef } from "react";

const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric },
});

/** The height of a row in pixels, as `table.css` has it. */
const ROW = 36;

export interface Column<T> {
  id: string;
  title: string;
  /** Of the whole width, in any unit: columns share it in proportion. */
  width: number;
  /** What it is sorted by; without it, it is not. */
  sort?: (row: T) => string | number;
  cell: (row: T) => ReactNode;
  /** Left out where there is little room. */
  wide?: boolean;
}

export interface Selection {
  chosen: RowSelectionState;
  choose: (chosen: RowSelectionState) => void;
}

interface GridProps<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  id: (row: T) => string;
  sorting: SortingState;
  setSorting: (sorting: SortingState) => void;
  selection?: Selection | undefined;
}

export type { RowSelectionState, SortingState };

export function Grid<T extends object>({ label, rows, columns, id, sorting, setSorting, selection }: GridProps<T>) {
  const scroll = useRef<HTMLDivElement>(null);
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<typeof features, T> => ({
          id: column.id,
          accessorFn: (row) => column.sort?.(row) ?? "",
          enableSorting: column.sort !== undefined,
          sortFn: "alphanumeric",
        }),
      ),
    [columns],
  );
  const table = useTable({
    features,
    columns: definitions,
    data: rows as T[],
    getRowId: id,
    enableSortingRemoval: false,
    state: { sorting, rowSelection: selection?.chosen ?? NOTHING },
    onSortingChange: (change) => setSorting(typeof change === "function" ? change(sorting) : change),
    onRowSelectionChange: (change) => selection?.choose(typeof change === "function" ? change(selection.chosen) : change),
  });
  const selectable = useRef(selection);
  useEffect(() => {
    selectable.current = selection;
  });
  const toggle = useCallback((row: string) => {
    const now = selectable.current;
    if (now === undefined) return;
    const { [row]: was, ...others } = now.chosen;
    now.choose(was ? others : { ...now.chosen, [row]: true });
  }, []);
  const shown = table.getRowModel().rows;
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 12 });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const width = columns.length + (selection ? 1 : 0);
  const total = columns.reduce((sum, column) => sum + column.width, 0);
  const allChosen = table.getIsAllRowsSelected();
  return (
    <div ref={scroll} className="grid" role="region" aria-label={`${label}, scrollable`} tabIndex={0}>
      <table aria-label={label} aria-rowcount={shown.length + 1}>
        <colgroup>
          {selection && <col className="choose" />}
          {columns.map((column) => (
            <col key={column.id} className={column.wide ? "wide" : undefined} style={{ width: `${(column.width * 100) / total}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {selection && (
              <th scope="col" className="choose">
                <Box checked={allChosen && shown.length > 0} mixed={!allChosen && table.getIsSomeRowsSelected()} change={table.getToggleAllRowsSelectedHandler()} label={`Select all ${shown.length}`} />
              </th>
            )}
            {columns.map((column) => (
              <Heading key={column.id} column={column} sorting={sorting} setSorting={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Space height={before} width={width} />}
          {items.map((item) => {
            const row = shown[item.index];
            if (row === undefined) return null;
            return (
              <Line key={row.id} id={row.id} row={row.original} place={item.index + 2} columns={columns} chosen={selection ? row.getIsSelected() : null} toggle={toggle} />
            );
          })}
          {after > 0 && <Space height={after} width={width} />}
        </tbody>
      </table>
    </div>
  );
}

const NOTHING: RowSelectionState = {};

interface LineProps<T> {
  id: string;
  row: T;
  /** Its number in the whole table, as screen readers count. */
  place: number;
  columns: readonly Column<T>[];
  /** Null where nothing can be selected. */
  chosen: boolean | null;
  toggle: (id: string) => void;
}

/** One row. It is drawn again only if something of it is different: with many changes a second, most rows have none. */
const Line = memo(function Line<T>({ id, row, place, columns, chosen, toggle }: LineProps<T>) {
  return (
    <tr aria-rowindex={place} className={chosen === true ? "chosen" : undefined}>
      {chosen !== null && (
        <td className="choose">
          <Box checked={chosen} change={() => toggle(id)} label={`Select ${id}`} />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={column.wide ? "wide" : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <T>(props: LineProps<T>) => ReactNode;

/** Holds the place of the rows that are out of view. */
function Space({ height, width }: { height: number; width: number }) {
  return (
    <tr aria-hidden="true" className="space">
      <td colSpan={width} style={{ height }} />
    </tr>
  );
}

function Heading<T>({ column, sorting, setSorting }: { column: Column<T>; sorting: SortingState; setSorting: (sorting: SortingState) => void }) {
  const [first] = sorting;
  const mine = first?.id === column.id ? first : undefined;
  const className = column.wide ? "wide" : undefined;
  if (column.sort === undefined) {
    return (
      <th scope="col" className={className}>
        {column.title}
      </th>
    );
  }
  return (
    <th scope="col" className={className} aria-sort={mine === undefined ? "none" : mine.desc ? "descending" : "ascending"}>
      <button type="button" className="sort" onClick={() => setSorting([{ id: column.id, desc: mine !== undefined && !mine.desc }])}>
        {column.title} <span aria-hidden="true">{mine === undefined ? "" : mine.desc ? "▾" : "▴"}</span>
      </button>
    </th>
  );
}

function Box({ checked, mixed = false, change, label }: { checked: boolean; mixed?: boolean; change: (event: unknown) => void; label: string }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = mixed;
  }, [mixed]);
  return <input ref={box} type="checkbox" checked={checked} onChange={change} aria-label={label} />;
}
