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

# In this order, on lower case: the first that matches decides.
_WEARABLE: Final = r"\bwatch(?:os)?\b|apple ?watch|watch ?\d+,|wear ?os|galaxy watch|\bsm-r\d{3}|smartwatch"
_CONSOLE: Final = r"xbox|playstation|nintendo"
_TV: Final = (
    r"smart-?tv|(?<!\bd)tv(?![a-z])|hbbtv|web0s|netcast|bravia|viera|\baft[a-z0-9]+\b|roku|crkey|dtv|philipstv|aquostv|ce-html|smarthub"
    r"|\(linux (?:armv\d|mips|sh4)|opera tv|tizen.+smart|set-?top|aquos-tv|chromecast"
)
# Android alone says little. Sets name themselves by their inches (`55LEX_8127`) or as a box; phones say Mobile, and most tablets do not;
# an app that shows a page may drop the end of the agent, and then what is missing there says nothing.
_ANDROID_TV: Final = (
    r"|shield android|\bmibox|\b(?:tv|smart|android|media|streaming) ?box\b|\b[hx]96\b|x96max|\bzidoo|\bugoos|\bmecool|\bvontar"
    r"|android [\d.]+; .{0,40}[ _-](?:led|lex)_?\d"
    r"|android [\d.]+;(?: [a-z]{2}[-_][a-z]{2};)? (?:[a-z]{2,}[ _])*(?:[a-z]{1,3}[-_]?)?"
    r"(?:19|2[248]|3[29]|4[0389]|5[0578]|65|75|8[56])[a-z]{1,5}[-_]?\d{2,}[a-z0-9_/-]*(?: build|[;)])"
)
_TABLET: Final = r"ipad|\bdv\(ipd|tablet(?! pc)|kindle|silk/(?!.*\bmobile\b)|playbook|pocketbook"
_ANDROID_TABLET: Final = (
    r"|\bsm-[tpx]\d|\bgt-p\d|nexus (?:7|9|10)\b|mediapad|\blenovo (?:tb|yt)|^(?!.*mobi).*safari/|tab(?![a-z])|\bpad\b"
    r"|[a-z](?<!\bcool)(?<!\btech)pad[ /;)_0-9]|xoom|transformer|archos \d|\bmid\d{3}|\biplay ?\d"
)
_MOBILE: Final = (
    r"mobi|iphone|ipod|\bdv\(iph|android|windows (?:phone|ce)|wpdesktop|blackberry|bb10|opera m(?:ini|obi)|symbian|series ?[46]0|nokia|midp"
    r"|j2me|kaios|webos|palm|htc[_ -]|sonyericsson|samsung-|lg-|maemo|up\.browser|wap-?browser|wap1|ucweb"
)
_DESKTOP: Final = (
    r"windows|macintosh|mac ?os|macbook|imac|macmini|macpro|mac\d+,|x11|linux|cros |bsd|sunos|solaris|haiku|beos|os/2"
)


def _rules(**patterns: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((device, re.compile(pattern)) for device, pattern in patterns.items())


_DEVICES: Final = _rules(wearable=_WEARABLE, console=_CONSOLE, tv=_TV, tablet=_TABLET, mobile=_MOBILE, desktop=_DESKTOP)
_ANDROID_DEVICES: Final = _rules(
    wearable=_WEARABLE, tv=_TV + _ANDROID_TV, tablet=_TABLET + _ANDROID_TABLET, mobile="android"
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
    # Two kept lists, for each knows bots that the other does not: docs/accuracy.md.
    bot = (found.device is not None and found.device.family == "Spider") or crawleruseragents.is_crawler(text)
    return Agent(browser, system, None if bot else _device(text), bot)


def _device(text: str) -> str | None:
    text = text.lower()
    rules = _ANDROID_DEVICES if "android" in text else _DEVICES
    return next((device for device, pattern in rules if pattern.search(text)), None)
