"""The made-up world of the simulated traffic: from where, with what and by which way visitors come, and what there is to see.

Pairs are (value, weight); pages and videos have their weight by their rank.
"""

from __future__ import annotations

from typing import Final

# Networks of public resolvers and large access providers, so that a GeoIP database places visitors in many countries.
NETWORKS: Final = (
    ("8.8.8.0/24", 22),
    ("208.67.222.0/24", 12),
    ("81.2.69.128/26", 12),
    ("194.168.4.0/24", 8),
    ("84.200.69.0/24", 10),
    ("213.133.98.0/24", 7),
    ("212.27.40.0/24", 8),
    ("80.67.169.0/24", 3),
    ("89.160.20.112/28", 3),
    ("195.130.130.0/24", 3),
    ("1.1.1.0/24", 4),
    ("168.126.63.0/24", 4),
    ("101.101.101.0/24", 2),
    ("223.5.5.0/24", 4),
    ("77.88.8.0/24", 3),
    ("2001:4860:4860::/112", 3),
    ("2a02:6b8::/112", 1),
)
AGENTS: Final = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        30,
    ),
    (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
        20,
    ),
    (
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
            "Mobile/15E148 Safari/604.1"
        ),
        20,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        9,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", 6),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", 5),
    (
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 "
            "Edg/142.0.0.0"
        ),
        5,
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/604.1",
        3,
    ),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 2),
)
SCREENS: Final = ("1920x1080", "1440x900", "2560x1440", "390x844", "412x915", "820x1180")
LANGUAGES: Final = ("en-US", "en-GB", "de-DE", "fr-FR", "sv-SE", "ko-KR", "zh-CN")
REFERRERS: Final = (
    ("", 40),
    ("https://www.google.com/", 26),
    ("https://duckduckgo.com/", 4),
    ("https://www.bing.com/", 4),
    ("https://news.ycombinator.com/item?id=1", 6),
    ("https://www.reddit.com/r/selfhosted/", 7),
    ("https://www.youtube.com/", 4),
    ("https://chatgpt.com/", 3),
    ("https://blog.example.net/roundup", 3),
    ("?utm_source=newsletter&utm_medium=email&utm_campaign=weekly", 3),
)
PAGES: Final = (
    "/",
    "/videos",
    "/pricing",
    "/docs/start",
    "/blog/launch",
    "/docs/api",
    "/about",
    "/blog/how-we-count",
    "/docs/events",
    "/contact",
    "/docs/deploy",
    "/blog/idle-is-idle",
    "/changelog",
    "/docs/funnels",
    "/privacy",
    "/docs/webhooks",
)
CUSTOM_EVENTS: Final = (("signup", 3), ("download", 4), ("search", 6), ("scroll_depth", 3))
QUALITIES: Final = (("360p", 800), ("480p", 1500), ("720p", 3000), ("1080p", 6000))
"""(name, kbit/s), the lowest first."""
