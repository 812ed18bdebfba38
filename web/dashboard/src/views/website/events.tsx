/** Custom events and the properties of events: their names, and the values of one. */
import { useState } from "preact/hooks";
import { path } from "../../calls";
import { count } from "../../format";
import { with_ } from "../../range";
import { List } from "../../report";
import type { Column } from "../../table";
import type { Change } from "./figures";
import type { ListOf } from "./lists";
import { FilterBy, compared } from "./lists";

interface EventRow {
  name: string;
  events: number;
  visitors: number;
  comparison?: Record<string, Change>;
}

const LIMIT = "20";

const amounts = (rows: EventRow[]): Column<EventRow>[] => [
  { title: "Events", number: true, main: true, cell: (row) => count(row.events) },
  { title: "Visitors", number: true, main: true, cell: (row) => count(row.visitors) },
  ...compared(rows),
];

export function Events({ site, query, address }: ListOf) {
  return (
    <List<EventRow>
      title="Events"
      where={path(`/api/v1/analytics/custom-events/${encodeURIComponent(site)}`, with_(query, { limit: LIMIT }))}
      csv="custom-events"
      empty="No custom events in this range."
      name={(row) => row.name}
      columns={({ results }) => [
        { title: "Event", main: true, bar: (row) => row.events, cell: (row) => <FilterBy address={address} name="event" value={row.name} /> },
        ...amounts(results),
      ]}
    />
  );
}

export function Properties({ site, query, address }: ListOf) {
  const [property, setProperty] = useState("");
  const asked = with_(query, { limit: LIMIT, ...(property ? { property } : {}) });
  return (
    <List<EventRow>
      title="Properties"
      where={path(`/api/v1/analytics/properties/${encodeURIComponent(site)}`, asked)}
      csv={property ? `property-${property}` : "properties"}
      head={
        property && (
          <p class="back">
            <button type="button" class="link" onClick={() => setProperty("")}>
              All properties
            </button>{" "}
            › {property}
          </p>
        )
      }
      empty="No event of this range has properties. They come with `properties` of an event."
      name={(row) => row.name}
      columns={({ results }) => [
        {
          title: property ? "Value" : "Property",
          main: true,
          bar: (row) => row.events,
          cell: (row) =>
            property ? (
              <FilterBy address={address} name={`prop:${property}`} value={row.name} />
            ) : (
              <button type="button" class="link" title={`Values of ${row.name}`} onClick={() => setProperty(row.name)}>
                {row.name}
              </button>
            ),
        },
        ...amounts(results),
      ]}
    />
  );
}
