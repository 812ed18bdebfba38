/** The frame around all views: who looks, at which site, at what. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Address } from "./address";
import { change, linkTo, readAddress, useAddress, writeAddress } from "./address";
import { useApi } from "./asking";
import { showTimesIn, shownZone } from "./format";
import { Failed, Shown } from "./parts";
import { with_ } from "./range";
import { onSignOut, signOut, signedIn } from "./session";
import { Arriving, SignIn, isArriving } from "./sign_in";
import { ThemeButton } from "./theme";
import { FunnelsView } from "./views/funnels/all";
import { LiveView } from "./views/live/view";
import { MediaView } from "./views/media/server";
import { OperationView } from "./views/operation";
import { OverviewView } from "./views/overview";
import { SharingView } from "./views/sharing/view";
import { VideosView } from "./views/video/all";
import { WebsiteView } from "./views/website/view";

export interface Site {
  site_id: string;
  name: string;
  timezone: string;
  scope?: "read" | "admin";
}

export interface ViewProps {
  address: Address;
  site: Site;
}

const VIEWS: [string, string, (properties: ViewProps) => preact.JSX.Element][] = [
  ["overview", "Overview", OverviewView],
  ["website", "Website", WebsiteView],
  ["videos", "Videos", VideosView],
  ["media", "Media server", MediaView],
  ["funnels", "Funnels", FunnelsView],
  ["sharing", "Sharing", SharingView],
  ["live", "Live", LiveView],
  ["operation", "Operation", OperationView],
];

export function App() {
  const [at, setAt] = useState<"arriving" | "outside" | "inside">(isArriving() ? "arriving" : signedIn() ? "inside" : "outside");
  const [reason, setReason] = useState("");
  const outside = (message: string) => {
    setReason(message);
    setAt("outside");
  };
  useEffect(() => onSignOut(outside), []);
  if (at === "arriving") return <Arriving done={() => setAt("inside")} failed={outside} />;
  return at === "inside" ? <Frame /> : <SignIn reason={reason} done={() => setAt("inside")} />;
}

function Frame() {
  const address = useAddress();
  const sites = useApi<{ results: Site[]; next_cursor: string | null }>("/api/v1/sites?limit=1000");
  const main = useRef<HTMLElement>(null);
  const here = useRef<HTMLAnchorElement>(null);
  const [, title, View] = VIEWS.find(([name]) => name === address.view) ?? (VIEWS[0] as (typeof VIEWS)[number]);
  const shown = `${title}/${address.item}`;
  const before = useRef(shown);
  useEffect(() => {
    if (before.current === shown) return;
    before.current = shown;
    // As a browser does with a page that is new: from its top, and read from its beginning.
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
    // On a phone the views stand in a row that is longer than the screen.
    here.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [shown]);
  useEffect(() => {
    document.title = `${address.item ? `${address.item} · ` : ""}${title} · Streamgauge`;
  }, [title, address.item]);
  const asked = address.query.get("site");
  const site = sites.data?.results.find((one) => one.site_id === asked) ?? (asked ? undefined : sites.data?.results[0]);
  useEffect(() => {
    // Whoever is sent the address may look at other sites. It is read anew: somebody may have gone on since this was drawn.
    const now = readAddress(location.hash);
    if (site && !now.query.has("site")) location.replace(writeAddress(now.view, now.item, with_(now.query, { site: site.site_id })));
  }, [site, asked, address]);
  if (site) showTimesIn(site.timezone);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
        Skip to the figures
      </a>
      <header class="top">
        <a class="brand" href={linkTo(address, "overview")}>
          <img src="/assets/icon.svg" alt="" width="28" height="28" /> <span class="word">Streamgauge</span>
        </a>
        {sites.data && (
          <div class="site">
            <label>
              <span class="unseen">Site</span>
              <select value={site?.site_id ?? ""} onChange={(event) => change(address, { site: event.currentTarget.value })}>
                {!site && <option value="">Choose a site</option>}
                {sites.data.results.map((one) => (
                  <option value={one.site_id} key={one.site_id}>
                    {one.name}
                  </option>
                ))}
              </select>
            </label>
            {site && <span class="hint">Times of {shownZone()}</span>}
          </div>
        )}
        <span class="push" />
        <ThemeButton />
        <button type="button" class="quiet" onClick={() => void signOut()}>
          Sign out
        </button>
      </header>
      <nav class="side" aria-label="Views">
        {VIEWS.map(([name, label]) => (
          <a href={linkTo(address, name)} aria-current={label === title ? "page" : undefined} ref={label === title ? here : null} key={name}>
            {label}
          </a>
        ))}
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <Shown of={sites}>
          {() =>
            site ? (
              <View key={site.site_id} address={address} site={site} />
            ) : (
              <NoSite asked={asked} />
            )
          }
        </Shown>
      </main>
    </>
  );
}

function NoSite({ asked }: { asked: string | null }) {
  if (asked) return <Failed error={{ name: "", status: 403, message: `Your credentials do not open the site ${asked}; choose another above.` }} />;
  return (
    <p class="note">
      There is no site yet. Make one: <code>streamgauge sites create "My site"</code>, or <code>POST /api/v1/sites</code>.
    </p>
  );
}
