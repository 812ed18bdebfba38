/** The tracker: a script tag that tells Streamgauge of page views, events and videos. `docs/tracker.md` says how it is used. */
import { takeUp, tellAll } from "./delivery";
import { followElements, track } from "./elements";
import { identify } from "./identity";
import { listen } from "./listening";
import { followPages, view } from "./pages";
import { hls, videojs } from "./players";
import { asks, silent } from "./settings";
import { error, followVideos, quality, settleVideos } from "./videos";

interface Streamgauge {
  track: typeof track;
  page: typeof view;
  identify: typeof identify;
  quality: typeof quality;
  error: typeof error;
  hls: typeof hls;
  videojs: typeof videojs;
  follow: typeof followVideos;
}

declare global {
  interface Window {
    streamgauge: Streamgauge;
  }
}

window.streamgauge = { track, page: view, identify, quality, error, hls, videojs, follow: followVideos };

function start(): void {
  takeUp();
  if (!asks("manual")) followPages();
  followElements();
  followVideos();
  // A phone may end a hidden page without another word.
  listen(window, "visibilitychange pagehide", ({ type }) => {
    const leaving = type === "pagehide";
    if (!leaving && !document.hidden) return;
    settleVideos(leaving);
    tellAll();
  });
}

if (!silent) {
  // A page that is made ahead is nobody's yet.
  if ((document as { prerendering?: boolean }).prerendering) listen(document, "prerenderingchange", start);
  else start();
}
