// A page with @rudderstack/analytics-js, the entry that loads nothing from elsewhere.
import { RudderAnalytics } from "@rudderstack/analytics-js/bundled"

const { key, base } = window.stats
const analytics = new RudderAnalytics()
analytics.load(key, base, { configUrl: base })

const sent = (send) => new Promise((resolve) => send(resolve))

window.done = (async () => {
  await sent((done) => analytics.page(undefined, undefined, {}, {}, done))
  if (location.pathname === "/home") return
  const video = { session_id: "s-1", asset_id: "v-9", total_length: 10 }
  await sent((done) => analytics.identify("user-1", { plan: "pro" }, {}, done))
  for (const [event, properties] of [
    ["Signup", { plan: "pro" }],
    ["Video Playback Started", { ...video, position: 0 }],
    ["Video Content Playing", { ...video, position: 10 }],
    ["Video Content Completed", { ...video, position: 10 }],
  ]) {
    await sent((done) => analytics.track(event, properties, {}, done))
    // Each call is a request, and how long it takes is part of its time: their order needs some room.
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
})()
