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

# In this order, on lower case: the first that matches decides. Headsets are worn too.
_WEARABLE: Final = (
    r"\bwatch(?:os)?\b|apple ?watch|watch ?\d+,|wear ?os|galaxy watch|\bsm-r\d{3}"
    r"|\bvr safari|oculusbrowser|picobrowser"
)
_CONSOLE: Final = r"\bxbox|playstation|\(ps[345]\b|nintendo|\bshield (?:tablet )?build|retroid|gamepad|\bouya\b|; switch(?: (?:oled|lite))?\)"
_SCREEN: Final = r"smart-?tv|hbbtv|web0s|netcast|bravia|viera|\baft[a-z0-9]+\b|roku|crkey|philipstv|aquos-?tv|ce-html|smarthub|set-?top|chromecast"
_TV: Final = (
    _SCREEN + r"|(?<!\bd)tv(?![a-z])|dtv|\bstb|vizio|brightsign|\bqtembedded|youviewhtml|aquos-dmp|\((?:astro|sky)[;,]"
    r"|broadband_sas|\(linux (?:armv\d|mips|sh4)|opera tv|\bomi/\d|tizen.+smart"
)
# Android alone says little. Sets call themselves TV (phones with a tuner DTV), name themselves by their inches (`55LEX_8127`), or as a
# box; phones say Mobile, and most tablets do not; an app that shows a page may drop the end of the agent, and then what is missing
# there says nothing.
_ANDROID_TV: Final = (
    _SCREEN
    + r"|(?<![a-z])a?tv(?![a-z\d])|[a-z]{2}[a-ce-z](?<!na)tv\d?(?![a-z\d])|\b(?:mi|one|hd|lg|web)tv|\btv[-_ ]?(?:box|stick)|\bstb|vizio|\bomi/\d"
    r"|shield android|(?:media|streaming) stick|(?<!run)(?<!tur)box(?![a-z\d])|; (?:[hx]96|t95|a95x|tx[2-9]|hk1|mxq|m8s)(?!\d)|\bgt-?king|\bzidoo"
    r"|\bugoos|\bmecool|\bbeelink|\bminix|\bneo-[uxz]\d|\btanix|\btranspeed|\bvontar|\bformuler|\bshell [a-z0-9]{4,}"
    r"|android [\d.]+; .{0,40}[ _-](?:led|lex)_?\d"
    r"|android [\d.]+;(?: [a-z]{2}[-_][a-z]{2};)? (?:[a-z]{2,}[ _])*(?:[a-z]{1,3}[-_]?)?"
    r"(?:19|2[248]|3[29]|4[0389]|5[0578]|65|75|8[56])[a-z]{1,5}[-_]?\d{2,}[a-z0-9_/-]*(?: build|[;)])"
)
_ANDROID_DESKTOP: Final = (
    r"chromebook|pixelbook|\b(?:inspiron|latitude|vostro|optiplex|aspire|travelmate|satellite|lifebook|thinkpad(?! tablet)|ideapad \d|elitebook"
    r"|probook|remix)\b|\bhp compaq"
)
_TABLET: Final = r"ipad|\bdv\(ipd|tablet(?! pc)|kindle|silk/(?!.*\bmobile\b)|playbook|pocketbook"
_ANDROID_TABLET: Final = (
    r"|\bsm-[tpx]\d|\bgt-p\d|nexus (?:7|9|10)\b|mediapad|\b(?:tb|yt)-?[a-z]?\d{3}|^(?!.*mobi).*safari/|tab(?![a-z])|\bpad\b"
    r"|[a-z](?<!\bcool)(?<!\btech)pad[ /;)_0-9]|xoom|transformer|archos \d|\bmid\d{3}|\biplay ?\d|\bbq(?:ru)?-[71]\d{3}"
)
_MOBILE: Final = (
    r"mobi|iphone|ipod|\bdv\(iph|android|windows (?:phone|ce)|wpdesktop|lumia|blackberry|bb10|opera m(?:ini|obi)|symbian|series ?[46]0|nokia|midp"
    r"|j2me|kaios|webos|palm|htc[_ -]|sonyericsson|samsung-|lg-|maemo|up\.browser|up/\d|wap[- ]?browser|wap[12]|ucweb|docomo|willcom"
    r"|obigo|teleca|browser/maui|netfront|\bbrew\b|\bfban/fb4a|240x320"
)
_DESKTOP: Final = (
    r"windows|\bwin(?:nt|10|7)\b|macintosh|mac[ _]?(?:os|powerpc)|macbook|imac|macmini|macpro|mac\d+,|darwin.+x86_64|x11|linux|cros |bsd|sunos|solaris"
    r"|haiku|beos|amigaos|os/2"
)


# Names of people's own devices and browsers, in which a list of bots may find one of its words (a phone's build AP3A.240617.008, a ViewSonic
# A8, Sogou's browser, a page shown inside Viber). A bot that says so among them (`…; Storebot-Google/1.0)`) stays.
_OWN_DEVICE: Final = re.compile(
    r"\((?=[^()]*Android)(?:(?![Bb]ot)[^()]|\([^()]*\))*\)|\bSogou(?:MSE|MobileBrowser|Search Android)|(?<=Safari/537\.36 )Viber/"
)


def _rules(**patterns: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((device, re.compile(pattern)) for device, pattern in patterns.items())


_DEVICES: Final = _rules(wearable=_WEARABLE, console=_CONSOLE, tv=_TV, tablet=_TABLET, mobile=_MOBILE, desktop=_DESKTOP)
_ANDROID_DEVICES: Final = _rules(
    wearable=_WEARABLE + r"|[a-z]watch\b",
    console=_CONSOLE,
    desktop=_ANDROID_DESKTOP,
    tv=_ANDROID_TV,
    tablet=_TABLET + _ANDROID_TABLET,
    mobile="android",
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
    spider = found.device is not None and found.device.family == "Spider"
    bot = spider or crawleruseragents.is_crawler(_OWN_DEVICE.sub("", text))
    return Agent(browser, system, None if bot else _device(text), bot)


def _device(text: str) -> str | None:
    text = text.lower()
    rules = _ANDROID_DEVICES if "android" in text else _DEVICES
    return next((device for device, pattern in rules if pattern.search(text)), None)
