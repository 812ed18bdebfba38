/** Page views, in single-page applications too. */
import { send } from "./delivery";
import { event, page, title } from "./events";
import type { SentEvent } from "./events";
import { listen } from "./listening";
import { asks } from "./settings";

/** How long an application takes to set the title of its new page. */
const TITLE_DELAY = 500;

let latest: SentEvent;

/** Tell of a view of the page that stands in the address. */
export function view(): void {
  const url = address();
  if (page.url) page.referrer = page.url;
  page.url = url;
  const one = (latest = event("page_view"));
  send(one);
  setTimeout(() => {
    if (latest === one) one.title = title();
  }, TITLE_DELAY);
}

/** Tell of the first page, and of every one that follows. */
export function followPages(): void {
  view();
  const { history } = window;
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...told) {
      original.apply(this, told);
      moved(name === "replaceState");
    };
  }
  listen(window, "popstate hashchange", () => moved());
  // Back from the back/forward cache, with everything as it was.
  listen(window, "pageshow", (shown) => {
    if ((shown as PageTransitionEvent).persisted) view();
  });
}

/** An application that rewrites its query in place (a filter, a position) shows no other page. */
function moved(inPlace?: boolean): void {
  const shown = (url: string) => (inPlace ? url.split("?")[0] : url);
  if (shown(page.url) !== shown(address())) view();
}

/** The address without its fragment; with `data-hash` the fragment is a part of the path. */
function address(): string {
  const { origin, pathname, search, hash } = location;
  const path = asks("hash") ? pathname.replace(/\/$/, "") + hash.replace(/^#?[!/]*/, "/") : pathname;
  return (origin + path + search).slice(0, 4096);
}
