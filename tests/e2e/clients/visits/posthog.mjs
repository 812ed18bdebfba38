// A visit through posthog-node.
import { PostHog } from "posthog-node"

const posthog = new PostHog(process.env.KEY, { host: process.env.BASE })

const distinctId = "user-1"
const where = {
  $ip: "81.2.69.142",
  $raw_user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
const video = { ...where, session_id: "s-1", asset_id: "v-9", total_length: 10 }
const moment = () => new Promise((resolve) => setTimeout(resolve, 5))
const capture = async (event, properties) => {
  posthog.capture({ distinctId, event, properties: { ...where, ...properties } })
  await moment()
}

await capture("$pageview", { $current_url: "https://example.org/home", $referrer: "https://www.google.com/" })
await capture("$pageview", { $current_url: "https://example.org/watch/9" })
posthog.identify({ distinctId, properties: { plan: "pro" } })
await capture("Signup", { plan: "pro" })
await capture("Video Playback Started", { ...video, position: 0 })
await capture("Video Content Playing", { ...video, position: 10 })
await capture("Video Content Completed", { ...video, position: 10 })
await posthog.shutdown()
