// Beside Umami's tracker, which sends the page view by itself.
if (location.pathname !== "/home")
  window.done = (async () => {
    await new Promise((resolve) => addEventListener("load", resolve))
    await umami.identify({ plan: "pro" })
    await umami.track("Signup", { plan: "pro" })
  })()
