/** What the script's own tag says; `docs/tracker.md` lists the attributes. */
const tag = document.currentScript as HTMLScriptElement;

const { key = "", host = new URL(tag.src).origin } = tag.dataset;

/** Where batches go. The key stands in the address, so neither a beacon nor a request to another origin needs a preflight. */
export const address = `${host}/api/v1/analytics/event/batch?key=${encodeURIComponent(key)}`;

/** Names everything that this site keeps in the browser's storage. */
export const prefix = `streamgauge:${key}:`;

/** Whether the tag has a `data-` attribute, by its name in `dataset`. */
export const asks = (name: string): boolean => name in tag.dataset;

/** Whether the visitor asks not to be tracked, and the site heeds that. */
export const silent =
  asks("doNotTrack") &&
  (navigator.doNotTrack === "1" || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl);
