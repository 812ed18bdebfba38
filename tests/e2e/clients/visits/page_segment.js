// A page with @segment/analytics-next: loaded for each of the two pages of the visit.
import { AnalyticsBrowser } from "@segment/analytics-next"

const { key, base } = window.stats
const analytics = AnalyticsBrowser.load(
  { writeKey: key, cdnURL: base },
  { integrations: { "Segment.io": { apiHost: `${base.split("//")[1]}/v1`, protocol: "http" } } },
)

window.done = (async () => {
  await analytics.page()
  if (location.pathname === "/home") return
  const video = { session_id: "s-1", asset_id: "v-9", total_length: 10 }
  await analytics.identify("user-1", { plan: "pro" })
  await analytics.track("Signup", { plan: "pro" })
  for (const [event, position] of [
    ["Video Playback Started", 0],
    ["Video Content Playing", 10],
    ["Video Content Completed", 10],
  ]) {
    await analytics.track(event, { ...video, position })
    // Each call is a request, and how long it takes is part of its time: their order needs some room.
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
})()
