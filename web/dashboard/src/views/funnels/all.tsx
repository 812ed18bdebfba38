/** All funnels of a site. */
import { linkTo } from "../../address";
import type { ViewProps } from "../../app";
import { useApi } from "../../asking";
import { path } from "../../calls";
import { duration } from "../../format";
import { Card, Joined, OnlyAdmin, Shown } from "../../parts";
import { RangeBar } from "../../range";
import { Table } from "../../table";
import { Compare } from "./compare";
import { MakeFunnel } from "./make";
import { OneFunnel } from "./one";
import type { Funnel } from "./shapes";
import { FUNNELS, ORDERS } from "./shapes";

export function FunnelsView(properties: ViewProps) {
  return properties.address.item ? <OneFunnel {...properties} /> : <AllFunnels {...properties} />;
}

function AllFunnels({ address, site }: ViewProps) {
  const funnels = useApi<{ results: Funnel[] }>(path(FUNNELS, { website_id: site.site_id, limit: 200 }));
  const admin = site.scope !== "read";
  return (
    <>
      <h1>Funnels</h1>
      <RangeBar from={address} />
      <Card title="Funnels" wide>
        <Shown of={funnels} isEmpty={(one) => one.results.length === 0} empty={`There is no funnel yet. ${admin ? "Make one below." : ""}`}>
          {(one) => (
            <Table
              label="Funnels"
              rows={one.results}
              name={(row) => row.funnel_id}
              columns={[
                { title: "Funnel", main: true, cell: (row) => <a href={linkTo(address, "funnels", row.funnel_id)}>{row.name}</a> },
                { title: "Steps", main: true, cell: (row) => <Joined of={row.steps.map((step) => step.name)} by=" → " /> },
                { title: "Within", cell: (row) => duration(row.conversion_window_seconds) },
                { title: "Order", cell: (row) => ORDERS[row.order] ?? row.order },
              ]}
            />
          )}
        </Shown>
      </Card>
      {funnels.data && funnels.data.results.length > 1 && <Compare address={address} site={site} funnels={funnels.data.results} />}
      {admin ? <MakeFunnel site={site.site_id} made={funnels.again} /> : <OnlyAdmin what="Making funnels" />}
    </>
  );
}
