// A visit through @rudderstack/rudder-sdk-node.
import RudderAnalytics from "@rudderstack/rudder-sdk-node"

const analytics = new RudderAnalytics(process.env.KEY, { dataPlaneUrl: process.env.BASE })

const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
const who = { anonymousId: "a-1", context: { ip: "81.2.69.142", userAgent } }
const user = { ...who, userId: "user-1" }
const video = { session_id: "s-1", asset_id: "v-9", total_length: 10 }
// Each call in a millisecond of its own: the events of a playback have an order.
const moment = () => new Promise((resolve) => setTimeout(resolve, 5))

analytics.page({ ...who, properties: { url: "https://example.org/home", referrer: "https://www.google.com/" } })
// Its first call goes alone, and how long a request takes is part of its calls' times.
await analytics.flush()
analytics.page({ ...who, properties: { url: "https://example.org/watch/9" } })
await moment()
analytics.identify({ ...user, traits: { plan: "pro" } })
await moment()
analytics.track({ ...user, event: "Signup", properties: { plan: "pro" } })
await moment()
analytics.track({ ...user, event: "Video Playback Started", properties: { ...video, position: 0 } })
await moment()
analytics.track({ ...user, event: "Video Content Playing", properties: { ...video, position: 10 } })
await moment()
analytics.track({ ...user, event: "Video Content Completed", properties: { ...video, position: 10 } })
await analytics.flush()
