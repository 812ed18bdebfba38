/** All of a site on one page. */
import { linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { path } from "../calls";
import { count } from "../format";
import { Card, Figures, Shown } from "../parts";
import { RangeBar, asked, with_ } from "../range";
import { Report } from "../report";
import type { RealtimeMetrics, WebsiteRealtime } from "./live/figures";
import { viewerFigures } from "./live/figures";
import { ActiveSessions } from "./media/sessions";
import { VideoList } from "./video/all";
import type { Dashboard } from "./website/figures";
import { WebsiteFigures, isQuiet } from "./website/figures";
import { TopList } from "./website/lists";
import { PAGES, SOURCES } from "./website/view";

const EVERY = 5000;

export function OverviewView({ address, site }: ViewProps) {
  const query = asked(address, false);
  const id = encodeURIComponent(site.site_id);
  // A click on a row leads to the website view, filtered.
  const lists = { site: site.site_id, address: { ...address, view: "website" }, query };
  return (
    <>
      <h1>{site.name}</h1>
      <RangeBar from={address} />
      <Now address={address} site={site} />
      <Report<Dashboard>
        title="Website"
        wide
        tall
        where={path(`/api/v1/analytics/dashboard/${id}`, with_(query, { compare: "previous" }))}
        csv="timeseries"
        actions={<a href={linkTo(address, "website")}>Details</a>}
        isEmpty={isQuiet}
        empty="No visits in this range. Send the first page view to POST /api/events."
      >
        {(one) => <WebsiteFigures of={one} />}
      </Report>
      <div class="grid">
        <TopList {...lists} title="Pages" lists={PAGES.slice(0, 1)} />
        <TopList {...lists} title="Sources" lists={SOURCES.slice(0, 1)} />
        <VideoList address={address} site={site} limit="10" />
        <ActiveSessions address={address} site={site} link />
      </div>
    </>
  );
}

function Now({ address, site }: ViewProps) {
  const visitors = useApi<WebsiteRealtime>(`/api/v1/analytics/realtime/${encodeURIComponent(site.site_id)}`, EVERY);
  const viewers = useApi<RealtimeMetrics>(path("/api/metrics/realtime", { website_id: site.site_id }), EVERY);
  return (
    <Card title="Now" wide actions={<a href={linkTo(address, "live")}>Live view</a>}>
      <Shown of={visitors}>
        {(web) => (
          // One network fails for both: that is told once.
          <Shown of={visitors.error ? { ...viewers, error: null } : viewers}>
            {(video) => <Figures of={[{ label: "On the site (5 min)", value: count(web.visitors_5m) }, ...viewerFigures(video)]} />}
          </Shown>
        )}
      </Shown>
    </Card>
  );
}
