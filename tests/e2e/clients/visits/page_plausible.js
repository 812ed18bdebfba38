// A page with @plausible-analytics/tracker: it sends the page view by itself, and an engagement when the page is left.
import { init, track } from "@plausible-analytics/tracker"

const { base, domain } = window.stats
// It keeps quiet where a program drives the browser, unless it is told that this is a test.
window.__plausible = true
init({ domain, endpoint: `${base}/api/event`, captureOnLocalhost: true })

if (location.pathname !== "/home")
  window.done = new Promise((resolve) => track("Signup", { props: { plan: "pro" }, callback: resolve }))
