"""Groups referrers by source: search engines, networks and assistants from a kept list, mail by its usual names.

The list (`referrers.json`) is made from Matomo's (CC0) by `scripts/bundle_referrers.py`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Source(NamedTuple):
    """Who sent a visitor, and by which channel: search, social, ai, email or referral."""

    name: str
    channel: str


_LIST: Final = Path(__file__).with_name("referrers.json")

_ADDED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "ai": {
        "Character.AI": ("character.ai",),
        "ChatGPT": ("openai.com", "com.openai.chatgpt"),
        "Claude": ("claude.com", "com.anthropic.claude"),
        "Copilot": (
            "copilot.cloud.microsoft",
            "m365.cloud.microsoft",
            "edgeservices.bing.com",
            "bing.com/chat",
            "com.microsoft.copilot",
        ),
        "Deepseek": ("deepseek.com",),
        "Felo": ("felo.ai",),
        "Grok": ("x.ai",),
        "Qwen": ("qwen.ai",),
        "Doubao": ("doubao.com",),
        "Gemini": ("aistudio.google.com", "com.google.android.apps.bard"),
        "Hugging Chat": ("huggingface.co/chat",),
        "Kimi": ("kimi.com", "kimi.ai", "kimi.moonshot.cn"),
        "Le Chat": ("mistral.ai",),
        "Manus": ("manus.im",),
        "Perplexity": ("ai.perplexity.app.android",),
        "Phind": ("phind.com",),
        "Pi": ("pi.ai",),
        "Poe": ("poe.com",),
        "Z.ai": ("chat.z.ai",),
    },
    "social": {
        "Discord": ("com.discord",),
        "Facebook": ("com.facebook.katana", "com.facebook.lite", "fb.com"),
        "Messenger": ("messenger.com", "m.me", "com.facebook.orca"),
        "Instagram": ("com.instagram.android", "ig.me"),
        "LINE": ("line.me",),
        "Linktree": ("linktr.ee",),
        "LinkedIn": ("com.linkedin.android",),
        "Lnk.Bio": ("lnk.bio",),
        "Lobsters": ("lobste.rs",),
        "Medium": ("medium.com",),
        "Nextdoor": ("nextdoor.com",),
        "Odnoklassniki": ("ok.ru",),
        "Pinterest": ("pin.it", "com.pinterest"),
        "Product Hunt": ("producthunt.com",),
        "Quora": ("quora.com",),
        "reddit": ("redd.it", "out.reddit.com"),
        "Slack": ("slack.com", "com.slack"),
        "Microsoft Teams": ("teams.microsoft.com", "teams.live.com", "statics.teams.cdn.office.net"),
        "Telegram": ("t.me", "telegram.org", "telegram.me", "org.telegram.plus", "org.telegram.messenger.web"),
        "Threads": ("com.instagram.barcelona",),
        "TikTok": ("com.zhiliaoapp.musically", "com.ss.android.ugc.trill"),
        "Truth Social": ("truthsocial.com",),
        "Twitch": ("twitch.tv",),
        "Twitter": ("com.twitter.android",),
        "Vkontakte": ("vk.ru", "com.vkontakte.android"),
        "WhatsApp": ("whatsapp.com", "wa.me", "wl.co", "com.whatsapp"),
        "Xiaohongshu": ("xiaohongshu.com",),
        "YouTube": ("com.google.android.youtube",),
        "Zhihu": ("zhihu.com",),
    },
    "search": {
        "Bing": ("ntp.msn.com",),
        "DuckDuckGo": ("com.duckduckgo.mobile.android",),
        "Google": ("lens.google.com", "com.google.android.apps.searchlite"),
        "Yahoo!": ("yahoo.com",),
    },
    "paid": {
        "Google": (
            *("doubleclick.net", "googleadservices.com", "googlesyndication.com", "syndicatedsearch.goog"),
            *("adsensecustomsearchads.com", "adservice.google.{}", "ads.google.{}"),
        ),
        "Criteo": ("criteo.com", "criteo.net"),
        "Outbrain": ("outbrain.com",),
        "Taboola": ("taboola.com",),
    },
}
"""What the list lacks: hosts, with a path where only that counts."""
_PORTALS: Final = frozenset(
    {"cgi2.nintendo.co.jp", "msnbc.msn.com", "www.charter.net", "www.cnn.com", "www.fastweb.it", "www.icq.com"}
    | {"www.optuszoo.com.au", "www.skynet.be", "www.so-net.ne.jp", "www.talktalk.co.uk"}
)
"""Hosts on the list that have a search of somebody else's among much else: who comes from there has rarely searched."""

_MAIL_HOST: Final = re.compile(
    r"(?:^|[.])(?:(?:e-?|web|w|upc|open|hot|fast|live|my|secure|lite)?mail\d*[a-z]?|mailbusiness|lightmailer[a-z-]*|messagerie[a-z0-9]*|poczta|posta?"
    r"|correo|inbox|zimbra\d*|roundcube|squirrelmail|owa|rich-v\d+|3c(?:-[a-z]+)?)\.[^.]+\.[^.]"
    r"|^(?:deref-|mail\d*-)|^(?:outlook\.(?:live|office|office365|com)|hotmail\.|com\.google\.android\.gm$|com\.(?:microsoft\.office|yahoo\.mobile\.client\.android)"
    r"\.(?:outlook|mail)$|ch\.protonmail|mail\.com$|(?:e|touch|light)\.mail\.ru$|(?:[a-z0-9]+\.)?safelinks\.protection\.outlook\.com$|app\.fastmail\.com$)"
)
"""Hosts of mail on the web: by the name of the machine, which users and providers give alike."""
_MAIL_PROVIDERS: Final = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"gmx", "GMX"),
        (r"web\.de$", "Web.de"),
        (r"mail\.google|android\.gm$", "Gmail"),
        (r"mail\.com$", "Mail.com"),
        (r"outlook|hotmail|\blive\.", "Outlook.com"),
        (r"yahoo", "Yahoo! Mail"),
        (r"t-online", "T-online"),
        (r"1und1", "1und1"),
        (r"ionos", "Ionos"),
        (r"orange\.", "Orange Webmail"),
        (r"bluewin", "Bluewin"),
        (r"hispeed|upcmail", "UPC"),
        (r"proton", "Proton Mail"),
        (r"yandex", "Yandex.Mail"),
        (r"mail\.ru$", "Mail.ru"),
        (r"\baol\.", "AOL Mail"),
        (r"icloud|\bme\.com$", "iCloud Mail"),
        (r"zoho", "Zoho Mail"),
        (r"fastmail", "Fastmail"),
        (r"\bqq\.", "QQ Mail"),
        (r"\b1(?:63|26)\.com$", "NetEase Mail"),
        (r"naver", "Naver Mail"),
        (r"daum|hanmail", "Daum Mail"),
        (r"freenet", "Freenet Mail"),
        (r"seznam", "Seznam Mail"),
        (r"laposte", "La Poste Mail"),
        (r"libero", "Libero Mail"),
        (r"comcast|xfinity", "Comcast Mail"),
    )
)
_NEWSLETTER: Final = re.compile(
    r"newsletter|\be[-_ ]?mail|e-?mail\b|^mail(?:ing)?\b|mailchimp|klaviyo|sendgrid|brevo|mailjet|mailerlite|gmail|protonmail|^outlook"
)
_ADVERTISER: Final = re.compile(
    r"adwords|^g?ads?$|[-_. ]ads?$|^(?:google|facebook|fb|meta|instagram|ig|bing|microsoft|linkedin|tiktok|twitter|x|reddit|youtube|yt|pinterest|snapchat)ads?$"
)
_ALIASES: Final = {
    "bsky": "bluesky",
    "fb": "facebook",
    "fcb": "facebook",
    "ig": "instagram",
    "insta": "instagram",
    "openai": "chatgpt",
    "yt": "youtube",
    "x": "twitter",
    "vk": "vkontakte",
}
# Of an engine's own host: languages, devices, servers, kinds of search. A portal's other hosts (docs.google.com) are no search.
_OF_AN_ENGINE: Final = re.compile(
    r"^(?:(?:[a-z]{2}(?:-[a-z]{2})?|s\d[a-z0-9-]*|m|mobile|lite|html|safe|start|www\d*|search|suche|results?|images?|videos?)\.)+$"
)
LONGEST_HOST: Final = 253
_MOST_LABELS: Final = 16
"""Longer hosts, or of more labels, are on no list: what nobody could resolve is not worth a search."""
_ENDING_OF_TWO: Final = re.compile(r"\.(?:com?|org|net|ne|or|ac|edu|gov)\.[a-z]{2}$")
_NO_WORD: Final = re.compile(r"[\s._!'-]+")


class _List(NamedTuple):
    hosts: dict[str, Source]
    """By host, one label of which may be `{}`."""
    paths: dict[str, tuple[tuple[str, Source], ...]]
    """By host: first segments of a path, and what they are."""
    names: dict[str, Source]
    """By name, in small letters, without spaces and marks between and after words."""


@lru_cache(maxsize=16_384)
def source_of(host: str, path: str = "/") -> Source:
    """Return the source of a referrer's host (lower case) and path; an unlisted host stands for itself."""
    plain = host.removeprefix("www.")
    if len(plain) > LONGEST_HOST or plain.count(".") >= _MOST_LABELS:
        return Source(plain, "referral")
    listed = _listed()
    forms = list(_forms(plain))
    for form in forms:
        for start, source in listed.paths.get(form, ()):
            if path.startswith(start):
                return source
    for form in forms:
        found = listed.hosts.get(form)
        if found is not None:
            return found
    if _MAIL_HOST.search(plain):
        return Source(next((name for pattern, name in _MAIL_PROVIDERS if pattern.search(plain)), plain), "email")
    for parent in _parents(plain):
        found = listed.hosts.get(parent)
        if found is not None and (found.channel != "search" or _OF_AN_ENGINE.match(plain.removesuffix(parent))):
            return found
    return Source(plain, "referral")


@lru_cache(maxsize=1024)
def channel_of_name(name: str) -> str:
    """Return the channel of a campaign's source, by its name or host; referral for an unknown one."""
    word = name.strip().lower()
    if _ADVERTISER.search(word):
        return "paid"
    if _NEWSLETTER.search(word):
        return "email"
    plain = _NO_WORD.sub("", word)
    found = _listed().names.get(_ALIASES.get(plain, plain))
    return found.channel if found is not None else source_of(word).channel


def _forms(host: str) -> Iterator[str]:
    """Yield the host, then the host with its ending, then with each label, open."""
    yield host
    labels = host.split(".")
    ending = 2 if _ENDING_OF_TWO.search(host) else 1
    if len(labels) > ending:
        yield ".".join([*labels[:-ending], "{}"])
    for place in range(len(labels) - 1):
        yield ".".join([*labels[:place], "{}", *labels[place + 1 :]])


def _parents(host: str) -> Iterator[str]:
    while "." in host:
        host = host.partition(".")[2]
        yield host


@lru_cache(maxsize=1)
def _listed() -> _List:
    hosts: dict[str, Source] = {}
    paths: dict[str, tuple[tuple[str, Source], ...]] = {}
    names: dict[str, Source] = {}
    bundled = json.loads(_LIST.read_text(encoding="utf-8"))["channels"]
    kinds = [*((channel, bundled[channel]) for channel in bundled if channel != "search"), *_ADDED.items()]
    for channel, groups in [*kinds, ("search", bundled["search"])]:
        for name, addresses in groups.items():
            source = Source(name, channel)
            if channel != "paid":
                names.setdefault(_NO_WORD.sub("", name.lower()), source)
            for address in (address for address in addresses if address not in _PORTALS):
                host, slash, path = address.removeprefix("www.").partition("/")
                if slash:
                    paths[host] = (*paths.get(host, ()), (slash + path, source))
                else:
                    hosts.setdefault(host, source)
    return _List(hosts, paths, names)
