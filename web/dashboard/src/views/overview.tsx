/** All of a site on one page. */
import { linkTo } from "../address";
import type { ViewProps } from "../app";
import { useApi } from "../asking";
import { path } from "../calls";
import { count, exact, rate } from "../format";
import { Card, Csv, Figures, Shown } from "../parts";
import { RangeBar, asked, with_ } from "../range";
import { TopList } from "./lists";
import type { RealtimeMetrics, WebsiteRealtime } from "./live";
import { ActiveSessions } from "./media";
import { VideoTable } from "./videos";
import type { Dashboard } from "./website";
import { Counted, Series, figuresOf } from "./website";

const EVERY = 5000;

export function OverviewView({ address, site }: ViewProps) {
  const query = asked(address, false);
  const where = path(`/api/v1/analytics/dashboard/${encodeURIComponent(site.site_id)}`, with_(query, { compare: "previous" }));
  const dashboard = useApi<Dashboard>(where);
  const visitors = useApi<WebsiteRealtime>(`/api/v1/analytics/realtime/${encodeURIComponent(site.site_id)}`, EVERY);
  const viewers = useApi<RealtimeMetrics>(path("/api/metrics/realtime", { website_id: site.site_id }), EVERY);
  return (
    <>
      <h1>{site.name}</h1>
      <RangeBar from={address} />
      <Card title="Now" wide actions={<a href={linkTo(address, "live")}>Live view</a>}>
        <Shown of={visitors}>
          {(web) => (
            <Shown of={viewers}>
              {(video) => (
                <Figures
                  of={[
                    { label: "On the site (5 min)", value: count(web.visitors_5m) },
                    { label: "Watching", value: count(video.concurrent_viewers) },
                    { label: "Videos playing", value: count(video.active_streams) },
                    { label: "Events per second", value: exact(video.events_per_second) },
                    { label: "Error rate", value: rate(video.error_rate) },
                  ]}
                />
              )}
            </Shown>
          )}
        </Shown>
      </Card>
      <Card title="Website" wide actions={<><a href={linkTo(address, "website")}>Details</a><Csv where={where} name="timeseries" /></>}>
        <Shown of={dashboard}>
          {(one) => (
            <>
              <Figures of={figuresOf(one)} />
              <Series of={one} />
              <Counted of={one} />
            </>
          )}
        </Shown>
      </Card>
      <div class="grid">
        <TopList title="Pages" lists={[{ title: "Page", report: "top-pages", filter: "page" }]} site={site.site_id} address={{ ...address, view: "website" }} query={query} />
        <TopList title="Sources" lists={[{ title: "Source", report: "top-referrers", filter: "source" }]} site={site.site_id} address={{ ...address, view: "website" }} query={query} />
        <Card title="Videos" actions={<a href={linkTo(address, "videos")}>All videos</a>}>
          <VideoTable address={address} site={site} query={with_(query, { limit: "10" })} />
        </Card>
        <Card title="Who watches now" actions={<a href={linkTo(address, "media")}>Media server</a>}>
          <ActiveSessions address={address} site={site} />
        </Card>
      </div>
    </>
  );
}
