/** Rows of a report: the widest amount draws its bar over the whole cell, the others their share of it. */
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  number?: boolean;
  /** Stays on narrow screens. */
  main?: boolean;
  /** The amount that the cell's bar stands for. */
  bar?: (row: Row) => number;
  /** What a whole bar stands for; without it, the largest amount. */
  whole?: number;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  name: (row: Row, index: number) => string;
}

export function Table<Row>({ label, columns, rows, name }: TableProps<Row>) {
  const classes = (column: Column<Row>) => [column.number ? "number" : "", column.main ? "" : "extra", column.bar ? "barred" : ""].join(" ").trim();
  const wholes = columns.map(({ bar, whole }) => whole ?? (bar ? Math.max(...rows.map(bar)) : 0));
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={classes(column)} key={column.title}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={name(row, index)}>
              {columns.map((column, place) => (
                <td class={classes(column)} key={column.title}>
                  {column.bar ? <Bar share={column.bar(row) / (wholes[place] || 1)}>{column.cell(row)}</Bar> : column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A share, drawn behind what it is the share of. */
export function Bar({ share, children }: { share: number; children: ComponentChildren }) {
  return (
    <div class="bar">
      <span class="fill" style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} aria-hidden="true" />
      <span class="text">{children}</span>
    </div>
  );
}
