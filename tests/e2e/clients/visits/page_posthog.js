// A page with posthog-js.
import posthog from "posthog-js"

const { key, base } = window.stats
posthog.init(key, { api_host: base, persistence: "localStorage", autocapture: false, request_batching: false })

// Each call is a request, and how long it takes is part of its time: their order needs some room.
const moment = () => new Promise((resolve) => setTimeout(resolve, 300))

window.done = (async () => {
  // It sends the page view by itself, a little later.
  await moment()
  if (location.pathname === "/home") return
  const video = { session_id: "s-1", asset_id: "v-9", total_length: 10 }
  posthog.identify("user-1", { plan: "pro" })
  await moment()
  posthog.capture("Signup", { plan: "pro" })
  for (const [event, position] of [
    ["Video Playback Started", 0],
    ["Video Content Playing", 10],
    ["Video Content Completed", 10],
  ]) {
    posthog.capture(event, { ...video, position })
    await moment()
  }
})()
