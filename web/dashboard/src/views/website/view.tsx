/** A website: its figures over time, and what they are made of. */
import type { ViewProps } from "../../app";
import { path } from "../../calls";
import { RangeBar, asked, with_ } from "../../range";
import { Report } from "../../report";
import { Events, Properties } from "./events";
import type { Dashboard } from "./figures";
import { WebsiteFigures, isQuiet } from "./figures";
import { Goals } from "./goals";
import type { WhichList } from "./lists";
import { TopList } from "./lists";
import { PathReport } from "./paths";
import { ReturningVisitors } from "./retention";

export const PAGES: WhichList[] = [
  { title: "Page", report: "top-pages", filter: "page" },
  { title: "Entry", report: "top-pages", by: "entry", filter: "entry_page" },
  { title: "Exit", report: "top-pages", by: "exit", filter: "exit_page" },
];

export const SOURCES: WhichList[] = [
  { title: "Source", report: "top-referrers", filter: "source" },
  { title: "Channel", report: "traffic-summary", filter: "channel" },
  { title: "Address", report: "top-referrers", by: "url", filter: "referrer" },
];

const CAMPAIGNS: WhichList[] = [
  { title: "Campaign", report: "traffic-summary", by: "utm_campaign", filter: "utm_campaign" },
  { title: "Source", report: "traffic-summary", by: "utm_source", filter: "utm_source" },
  { title: "Medium", report: "traffic-summary", by: "utm_medium", filter: "utm_medium" },
  { title: "Term", report: "traffic-summary", by: "utm_term", filter: "utm_term" },
  { title: "Content", report: "traffic-summary", by: "utm_content", filter: "utm_content" },
];

const PLACES: WhichList[] = [
  { title: "Country", report: "top-countries", filter: "country" },
  { title: "Region", report: "top-countries", by: "region", filter: "region" },
  { title: "City", report: "top-countries", by: "city", filter: "city" },
];

const TECHNOLOGY: WhichList[] = [
  { title: "Browser", report: "top-browsers", filter: "browser" },
  { title: "System", report: "top-os", filter: "os" },
  { title: "Device", report: "top-devices", filter: "device" },
  { title: "Screen", report: "top-devices", by: "screen", filter: "screen" },
  { title: "Language", report: "top-devices", by: "language", filter: "language" },
];

export function WebsiteView({ address, site }: ViewProps) {
  const filtered = asked(address, true);
  const query = address.query.get("compare") === "previous" ? with_(filtered, { compare: "previous" }) : filtered;
  const id = site.site_id;
  const lists = { site: id, address, query };
  return (
    <>
      <h1>Website</h1>
      <RangeBar from={address} filters compare />
      <Report<Dashboard>
        title="Figures"
        wide
        tall
        where={path(`/api/v1/analytics/dashboard/${encodeURIComponent(id)}`, query)}
        csv="timeseries"
        isEmpty={isQuiet}
        empty="No visits in this range. Take a longer one, remove filters, or send the first page view to POST /api/events."
      >
        {(one) => <WebsiteFigures of={one} />}
      </Report>
      <div class="grid">
        <TopList {...lists} title="Pages" lists={PAGES} />
        <TopList {...lists} title="Sources" lists={SOURCES} />
        <TopList {...lists} title="Places" lists={PLACES} />
        <TopList {...lists} title="Technology" lists={TECHNOLOGY} />
        <TopList {...lists} title="Campaigns" lists={CAMPAIGNS} />
        <Events {...lists} />
        <Properties {...lists} />
        <PathReport site={id} query={filtered} />
        <Goals site={id} query={query} admin={site.scope !== "read"} />
      </div>
      <ReturningVisitors site={id} query={filtered} />
    </>
  );
}
