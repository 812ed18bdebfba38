// A visit through plausible-tracker outside a browser; it knows no users and no video.
import { JSDOM } from "jsdom"
import module from "plausible-tracker"

const { window } = new JSDOM("", { url: "https://example.org/home", referrer: "https://www.google.com/" })
Object.assign(globalThis, { window, document: window.document, location: window.location, XMLHttpRequest: window.XMLHttpRequest })

const { trackPageview, trackEvent } = module.default({ domain: process.env.DOMAIN, apiHost: process.env.BASE })
const sent = (send) => new Promise((resolve) => send({ callback: resolve }))

await sent((options) => trackPageview({}, options))
await sent((options) => trackPageview({ url: "https://example.org/watch/9", referrer: null }, options))
await sent((options) => trackEvent("Signup", { ...options, props: { plan: "pro" } }))
window.close()
