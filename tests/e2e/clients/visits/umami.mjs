// A visit through @umami/node; it expresses no video.
import { Umami } from "@umami/node"

const umami = new Umami({ websiteId: process.env.SITE, hostUrl: process.env.BASE })

await umami.track({ url: "/home", hostname: "example.org", referrer: "https://www.google.com/" })
await umami.track({ url: "/watch/9", hostname: "example.org" })
await umami.identify({ plan: "pro" })
await umami.track("Signup", { plan: "pro" })
