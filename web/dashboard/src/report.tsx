/** A report in its card: asked for, shown as it comes, saved as CSV. Rows are a table, a series is a chart. */
import type { ComponentChildren } from "preact";
import { useApi } from "./asking";
import type { Figure } from "./parts";
import { Attribution, Card, Csv, Figures, Shown } from "./parts";
import type { Column } from "./table";
import { Table } from "./table";

export interface Rows<Row> {
  results: Row[];
  next_cursor?: string | null;
  /** Whose database the places come from, where its licence asks to be named. */
  attribution?: string | null;
}

interface ReportProps<T> {
  title: string;
  where: string;
  /** The name of the file that it is saved as; nothing where there is no list to save. */
  csv?: string;
  wide?: boolean;
  /** A chart will come: its room is kept. */
  tall?: boolean;
  /** Asked again after so many milliseconds. */
  every?: number;
  /** What stands above whatever comes: choices, a hint. */
  head?: ComponentChildren;
  actions?: ComponentChildren;
  isEmpty?: (data: T) => boolean;
  empty?: ComponentChildren;
  children: (data: T) => ComponentChildren;
}

export function Report<T>({ title, where, csv, wide, tall, every, head, actions, isEmpty, empty, children }: ReportProps<T>) {
  const asking = useApi<T>(where, every);
  return (
    <Card
      title={title}
      wide={wide}
      actions={
        <>
          {actions}
          {csv && <Csv where={where} name={csv} />}
        </>
      }
    >
      {head}
      <Shown of={asking} isEmpty={isEmpty} empty={empty} tall={tall}>
        {children}
      </Shown>
    </Card>
  );
}

interface ListProps<Row, T extends Rows<Row>> extends Omit<ReportProps<T>, "children" | "isEmpty"> {
  label?: string;
  columns: Column<Row>[] | ((data: T) => Column<Row>[]);
  name: (row: Row, index: number) => string;
  /** What stands below the rows. */
  foot?: (data: T) => ComponentChildren;
}

export function List<Row, T extends Rows<Row> = Rows<Row>>({ label, columns, name, foot, ...report }: ListProps<Row, T>) {
  return (
    <Report<T> {...report} isEmpty={(data) => data.results.length === 0}>
      {(data) => (
        <>
          <Table label={label ?? report.title} rows={data.results} name={name} columns={typeof columns === "function" ? columns(data) : columns} />
          {foot?.(data)}
          <Attribution of={data.attribution} />
        </>
      )}
    </Report>
  );
}

/** A report of one row: its figures. */
export function Numbers<T>({ of, ...report }: Omit<ReportProps<T>, "children"> & { of: (data: T) => Figure[] }) {
  return <Report<T> {...report}>{(data) => <Figures of={of(data)} />}</Report>;
}
