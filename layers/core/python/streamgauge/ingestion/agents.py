"""What a user agent says: browser, system, kind of device, and whether it is a bot."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

MAX_PARSED: Final = 512
"""So much of an agent is looked at: what is longer says nothing more, and patterns stay cheap."""


class Agent(NamedTuple):
    """What is known of an agent; None where unknown."""

    browser: str | None = None
    os: str | None = None
    device: str | None = None
    bot: bool = False


_NOBODY: Final = Agent()

# In this order: the first that matches decides.
_DEVICES: Final = (
    (
        "tv",
        re.compile(
            r"smart-?tv|smarttv|\btv\b|apple ?tv|google ?tv|android ?tv|hbbtv|web0s|netcast|bravia|viera|\baft[a-z0-9]+\b"
            r"|roku|crkey|opera tv|dtv|tizen.+(?:tv|smart)|philipstv|aquostv|\bnettv|ce-html|smarthub|mibox|mitv|aquos-tv|[-_ ](?:led|lex)_?\d|shield android",
            re.IGNORECASE,
        ),
    ),
    ("console", re.compile(r"xbox|playstation|nintendo", re.IGNORECASE)),
    (
        "tablet",
        re.compile(
            r"ipad|tablet(?! pc)|kindle|silk/(?!.*\bmobile\b)|playbook|nexus (?:7|9|10)\b|android(?=.*chrome/)(?!.*\bmobi)"
            r"|\bsm-[tx]\d|\bgt-p\d|\blenovo (?:tb|yt)-|huawei mediapad|\bpad\b",
            re.IGNORECASE,
        ),
    ),
    (
        "mobile",
        re.compile(
            r"mobi|iphone|ipod|android|windows (?:phone|ce)|blackberry|bb10|opera m(?:ini|obi)|symbian|series ?[46]0"
            r"|nokia|midp|j2me|kaios|webos|palm|htc[_ -]|sonyericsson|samsung-|lg-|maemo",
            re.IGNORECASE,
        ),
    ),
    ("desktop", re.compile(r"windows|macintosh|mac os x|x11|linux|cros |freebsd|openbsd", re.IGNORECASE)),
)


@lru_cache(maxsize=8192)
def read_agent(text: str) -> Agent:
    """Return what an agent says; nothing is known of an empty one, and it is no bot."""
    if not text:
        return _NOBODY
    # Both read large pattern files: a cold start pays for them once, with the first agent.
    import crawleruseragents  # type: ignore[import-untyped]  # noqa: PLC0415
    import ua_parser  # noqa: PLC0415

    text = text[:MAX_PARSED]
    found = ua_parser.parse(text)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    spider = found.device is not None and found.device.family == "Spider"
    bot = spider or crawleruseragents.is_crawler(text)
    return Agent(browser, system, None if bot else _device(text), bot)


def _device(text: str) -> str | None:
    return next((device for device, pattern in _DEVICES if pattern.search(text)), None)
