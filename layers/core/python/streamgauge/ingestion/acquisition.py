"""How a visit came: referrer, source, channel, and the tags of a campaign."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from streamgauge.events.models import Acquisition
from streamgauge.ingestion import pages, sources

if TYPE_CHECKING:
    from streamgauge.ingestion.models import SentEvent

DIRECT: Final = Acquisition()
MAX_TAG: Final = 255
MAX_REFERRER: Final = 1024

_TAGS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_CLICKS: Final = frozenset({"gclid", "gbraid", "wbraid", "msclkid", "ttclid", "twclid", "li_fat_id"})
"""Parameters that advertisers put on their links."""

_MEDIA: Final = {
    **dict.fromkeys(("cpc", "ppc", "cpm", "cpv", "cpa", "display", "banner", "retargeting", "ads"), "paid"),
    **dict.fromkeys(("email", "e-mail", "mail", "newsletter"), "email"),
    **dict.fromkeys(("social", "social-network", "social-media", "social_media", "sm"), "social"),
    **dict.fromkeys(("organic", "search"), "search"),
    **dict.fromkeys(("ai", "chatbot", "assistant", "llm"), "ai"),
}


def acquisition(sent: SentEvent, domains: tuple[str, ...]) -> Acquisition:
    """Return how an event's visitor came: tags of the event itself, else of its address' query."""
    tags = (sent.utm_source, sent.utm_medium, sent.utm_campaign, sent.utm_term, sent.utm_content)
    query = pages.cut(sent.url).query if sent.url else ""
    if not sent.referrer and not query and tags == (None, None, None, None, None):
        return DIRECT
    return _acquisition(sent.referrer or "", domains, query, tags)


@lru_cache(maxsize=8192)
def _acquisition(referrer: str, domains: tuple[str, ...], query: str, tags: tuple[str | None, ...]) -> Acquisition:
    arguments = _arguments(query)
    given = {
        name: (tag or arguments.get(name, "")).strip()[:MAX_TAG] or None for name, tag in zip(_TAGS, tags, strict=True)
    }
    outside, source = _outside(referrer, domains)
    channel = _channel(given["utm_medium"], given["utm_source"], source, clicked=not _CLICKS.isdisjoint(arguments))
    return Acquisition(source.name if source else "(direct)", channel, outside, **given)


def _outside(referrer: str, domains: tuple[str, ...]) -> tuple[str | None, sources.Source | None]:
    """Return the referrer without its query, and its source; nothing for none or one from the site itself."""
    where = pages.cut(referrer if "://" in referrer or referrer.startswith(("/", "-")) else f"//{referrer}")
    host = where.host
    if not host or "." not in host or _inside(host, domains):
        return None, None
    return f"{host}{where.path}"[:MAX_REFERRER].rstrip("/"), sources.source_of(host, where.path)


def _inside(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in map(_plain, domains))


def _plain(domain: str) -> str:
    return domain.lower().removeprefix("www.")


def _channel(medium: str | None, named: str | None, source: sources.Source | None, *, clicked: bool) -> str:
    """Return the channel: what the campaign says, else what the referrer is, else what the campaign's source is."""
    word = (medium or "").lower()
    if clicked or word.startswith(("paid", "cpc")):
        return "paid"
    if word in _MEDIA:
        return _MEDIA[word]
    if source is not None:
        return source.channel
    if named is not None:
        return sources.channel_of_name(named)
    return "referral" if word else "direct"


def _arguments(query: str) -> dict[str, str]:
    """Return the first value of each parameter of a query."""
    found: dict[str, str] = {}
    for part in query[:4096].split("&"):
        name, _, value = part.partition("=")
        if name and name not in found:
            found[name] = unquote_plus(value).replace("\0", "")
    return found
