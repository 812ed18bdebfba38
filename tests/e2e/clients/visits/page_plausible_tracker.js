// A page with plausible-tracker.
import Plausible from "plausible-tracker"

const { base, domain } = window.stats
const { trackPageview, trackEvent } = Plausible({ domain, apiHost: base, trackLocalhost: true })
const sent = (send) => new Promise((resolve) => send({ callback: resolve }))

window.done = (async () => {
  await sent((options) => trackPageview({}, options))
  if (location.pathname !== "/home")
    await sent((options) => trackEvent("Signup", { ...options, props: { plan: "pro" } }))
})()
