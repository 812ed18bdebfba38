"""A visit through posthog-python."""

import os

from posthog import Posthog

posthog = Posthog(os.environ["KEY"], host=os.environ["BASE"])

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
where = {"$ip": "81.2.69.142", "$raw_user_agent": AGENT}
video = where | {"session_id": "s-1", "asset_id": "v-9", "total_length": 10}


def capture(event, **properties):
    posthog.capture(event, distinct_id="user-1", properties=where | properties)


capture("$pageview", **{"$current_url": "https://example.org/home", "$referrer": "https://www.google.com/"})
capture("$pageview", **{"$current_url": "https://example.org/watch/9"})
posthog.set(distinct_id="user-1", properties={"plan": "pro"})
capture("Signup", plan="pro")
capture("Video Playback Started", **video, position=0)
capture("Video Content Playing", **video, position=10)
capture("Video Content Completed", **video, position=10)
posthog.shutdown()
