"""How a visit came: referrer, source, channel, and the tags of a campaign."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from streamgauge.events.models import Acquisition
from streamgauge.ingestion import pages, sources

if TYPE_CHECKING:
    from collections.abc import Collection

    from streamgauge.ingestion.models import SentEvent

DIRECT: Final = Acquisition()
MAX_TAG: Final = 255
_NO_PAGE: Final = pages.Address("", "", "")
MAX_REFERRER: Final = 1024

_TAGS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_CLICKS: Final = frozenset(
    {
        *(
            "gclid",
            "gbraid",
            "wbraid",
            "dclid",
            "gclsrc",
            "gad_source",
            "msclkid",
            "yclid",
            "ttclid",
            "twclid",
            "li_fat_id",
        ),
        *("sccid", "rdt_cid", "tblci", "dicbo"),
    }
)
"""Parameters that advertisers alone put on links. Not `fbclid`, `igshid`, `epik`: those stand on links that nobody paid for too."""
_LETTERS: Final = frozenset({"mc_cid", "mc_eid", "_kx", "mkt_tok", "_hsenc", "ml_subscriber", "vero_id"})
"""Parameters that senders of newsletters put on links."""

_MEDIA: Final = (
    (
        re.compile(
            r"cp[acmv]|^ppc|(?:^|[-_ ])paid|retarget|remarket|^(?:display|banner|expandable|interstitial|ads?|sponsored)$"
        ),
        "paid",
    ),
    (re.compile(r"e[-_ ]?mail|newsletter|^mail(?:ing)?$"), "email"),
    (re.compile(r"^(?:social(?:[-_ ]?(?:network|media|organic|post))?s?|organic[-_ ]social|sm)$"), "social"),
    (re.compile(r"^(?:search|organic[-_ ]search|seo)$"), "search"),
    (re.compile(r"^(?:ai|chatbot|assistant|llm|ai[-_ ].*)$"), "ai"),
    (re.compile(r"^affiliates?$"), "referral"),
)
"""What a medium's word says outright; of any other one the source decides."""
_NOTHING: Final = frozenset({"(direct)", "direct", "(none)", "none", "(not set)"})


def acquisition(sent: SentEvent, domains: tuple[str, ...]) -> Acquisition:
    """Return how an event's visitor came: tags of the event itself, else of its address' query."""
    tags = (sent.utm_source, sent.utm_medium, sent.utm_campaign, sent.utm_term, sent.utm_content)
    own, _, query = pages.cut(sent.url) if sent.url else _NO_PAGE
    if not sent.referrer and not query and tags == (None, None, None, None, None):
        return DIRECT
    return _acquisition(sent.referrer or "", domains, own, query, tags)


@lru_cache(maxsize=8192)
def _acquisition(
    referrer: str, domains: tuple[str, ...], own: str, query: str, tags: tuple[str | None, ...]
) -> Acquisition:
    arguments = _arguments(query)
    given = {
        name: (tag or arguments.get(name, "")).strip()[:MAX_TAG] or None for name, tag in zip(_TAGS, tags, strict=True)
    }
    outside, source = _outside(referrer, (*domains, own) if own else domains)
    clicks = {name.lower() for name, value in arguments.items() if value}
    channel = _channel(_said(given["utm_medium"]), _said(given["utm_source"]), source, clicks)
    return Acquisition(source.name if source else "(direct)", channel, outside, **given)


def _outside(referrer: str, domains: tuple[str, ...]) -> tuple[str | None, sources.Source | None]:
    """Return the referrer without its query, and its source; nothing for none or one from the site itself."""
    where = pages.cut(referrer if "://" in referrer or referrer.startswith(("/", "-")) else f"//{referrer}")
    host = _encoded(where.host)
    if not host or "." not in host or _inside(host, domains):
        return None, None
    return f"{host}{where.path}"[:MAX_REFERRER].rstrip("/"), sources.source_of(host, where.path)


def _inside(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in map(_plain, domains) if domain)


@lru_cache(maxsize=1024)
def _plain(domain: str) -> str:
    """Return a site's domain as hosts are compared: without scheme, port, path and `www.`."""
    return _encoded(pages.cut(domain if "://" in domain else f"//{domain}").host).removeprefix("www.")


def _encoded(host: str) -> str:
    """Return a host in its one form: names in other scripts in ASCII, as browsers send them; no dot at the end."""
    host = host.rstrip(".")
    if host.isascii() or len(host) > sources.LONGEST_HOST:
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _said(tag: str | None) -> str | None:
    """Return a tag, but for the words by which tools say that there is none."""
    return None if tag is not None and tag.lower() in _NOTHING else tag


def _channel(medium: str | None, named: str | None, source: sources.Source | None, arguments: Collection[str]) -> str:
    """Return the channel: what the campaign says (click, medium, source), else what the referrer is."""
    word = (medium or "").lower()
    if not _CLICKS.isdisjoint(arguments):
        return "paid"
    for pattern, channel in _MEDIA:
        if pattern.search(word):
            return channel
    tagged = sources.channel_of_name(named) if named is not None else None
    found = tagged if tagged not in {None, "referral"} else source.channel if source is not None else tagged
    if word == "organic":
        return found if found in {"social", "ai"} else "search"
    if found in {None, "referral"} and not _LETTERS.isdisjoint(arguments):
        return "email"
    return found or ("referral" if word else "direct")


def _arguments(query: str) -> dict[str, str]:
    """Return the first value of each parameter of a query."""
    found: dict[str, str] = {}
    for part in query[:4096].split("&"):
        name, _, value = part.partition("=")
        if name and name not in found:
            found[name] = unquote_plus(value).replace("\0", "")
    return found
