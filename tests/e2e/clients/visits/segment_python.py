"""A visit through segment-analytics-python."""

import os

from segment import analytics

analytics.write_key = os.environ["KEY"]
analytics.host = os.environ["BASE"]

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
who = {"anonymous_id": "a-1", "context": {"ip": "81.2.69.142", "userAgent": AGENT}}
user = who | {"user_id": "user-1"}
video = {"session_id": "s-1", "asset_id": "v-9", "total_length": 10}

analytics.page(properties={"url": "https://example.org/home", "referrer": "https://www.google.com/"}, **who)
analytics.page(properties={"url": "https://example.org/watch/9"}, **who)
analytics.identify(traits={"plan": "pro"}, **user)
analytics.track(event="Signup", properties={"plan": "pro"}, **user)
analytics.track(event="Video Playback Started", properties=video | {"position": 0}, **user)
analytics.track(event="Video Content Playing", properties=video | {"position": 10}, **user)
analytics.track(event="Video Content Completed", properties=video | {"position": 10}, **user)
analytics.shutdown()
