"""The steps of one event. Each takes the draft and its request, adds what it finds, or raises RefusedError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from streamgauge.access import registry
from streamgauge.events.models import VIDEO_KINDS, Kind, Page, VideoFields
from streamgauge.events.reasons import Reason
from streamgauge.ingestion import catalogue, pages
from streamgauge.ingestion.acquisition import acquisition
from streamgauge.ingestion.given import given_surroundings
from streamgauge.ingestion.limits import limits
from streamgauge.ingestion.models import VIDEO_PROPERTIES, VideoProperties
from streamgauge.ingestion.reading import invalid
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.spots import spot_of
from streamgauge.ingestion.times import event_time
from streamgauge.ingestion.visitors import Visitor, hashes_of, visitor_of
from streamgauge.places.lookup import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamgauge.access.registry import KeyRecord, SiteRecord
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.drafts import Draft
    from streamgauge.ingestion.models import SentEvent

MAX_AGENT: Final = 1024


def find_site(draft: Draft, call: Call) -> None:
    """Find its site: the key's, or the one that it names to a key for all sites."""
    sent, site = cast("SentEvent", draft.sent), call.site
    if site is not None:
        if sent.website_id and sent.website_id != site.site_id:
            raise RefusedError(Reason.WRONG_SITE, "The key belongs to another site.", ("website_id",))
        draft.site = site
        return
    asked = sent.website_id or call.query.get("website_id")
    if not asked:
        raise RefusedError(Reason.INVALID, "A key for all sites needs the site's id.", ("website_id",))
    draft.site = registry.find_site(asked)
    if draft.site is None:
        raise RefusedError(Reason.UNKNOWN_SITE, "There is no such site.", ("website_id",))


def check_permission(draft: Draft, call: Call) -> None:
    """Take history from server keys alone."""
    sent, key = cast("SentEvent", draft.sent), cast("KeyRecord", call.key)
    draft.historical = bool(sent.historical)
    if draft.historical and key.scope != "server":
        raise RefusedError(Reason.NOT_ALLOWED, "History needs a server key.", ("historical",))


def find_kind(draft: Draft, call: Call) -> None:  # noqa: ARG001 - every step is called alike
    """Find what it is, with the fields that its kind needs."""
    sent = cast("SentEvent", draft.sent)
    kind = sent.event_type
    draft.properties = sent.properties or None
    if draft.kind is None:
        if kind in {"page_view", "pageview"}:
            draft.kind = "page_view"
        elif kind in VIDEO_KINDS:
            draft.kind = cast("Kind", kind)
        else:
            draft.kind, draft.name = "custom", kind
    if draft.kind == "page_view":
        if not sent.url or not sent.url.strip():
            raise RefusedError(Reason.INVALID, "A page view needs its url.", ("url",))
    elif draft.kind not in {"custom", "funnel_step", "identify"}:
        video_id = sent.video_id or sent.content_id
        if not video_id:
            raise RefusedError(Reason.INVALID, "A video event needs its video_id.", ("video_id",))
        if draft.kind == "view":
            draft.video = VideoFields(video_id)
        else:
            _read_video(draft, sent, video_id)


def _read_video(draft: Draft, sent: SentEvent, video_id: str) -> None:
    properties = sent.properties
    if not properties:
        draft.video = VideoFields(video_id)
        return
    try:
        found = msgspec.convert(properties, VideoProperties)
    except msgspec.ValidationError as error:
        raise invalid(error, "properties") from None
    draft.video = VideoFields(
        video_id,
        found.position,
        found.duration,
        found.quality,
        found.bitrate,
        found.seek_from,
        found.seek_to,
        found.buffer_seconds,
        found.startup_time,
        found.fatal,
    )
    draft.device, draft.browser = found.device_type or draft.device, found.browser
    rest = {name: value for name, value in properties.items() if name not in VIDEO_PROPERTIES}
    draft.properties = rest or None


def stamp_time(draft: Draft, call: Call) -> None:
    """Find when it happened."""
    sent = cast("SentEvent", draft.sent)
    if sent.timestamp is None and not draft.historical:
        draft.time = call.received
    else:
        draft.time, draft.corrected = event_time(
            sent.timestamp, sent.sent_at, call.received, limits().max_age, historical=draft.historical
        )
    if draft.in_order:
        # Clients of others stamp milliseconds and give random ids, but a batch of theirs is in order.
        before = call.moments.get(draft.time, 0)
        call.moments[draft.time] = before + 1
        draft.time += before


def check_catalogue(draft: Draft, call: Call) -> None:  # noqa: ARG001 - every step is called alike
    """Ask the catalogue about the video of a view, where the site is strict."""
    if draft.kind != "view" or draft.video is None:
        return
    site = cast("SiteRecord", draft.site)
    strict = site.settings.get("catalog_strict", limits().catalog_strict)
    if strict and not catalogue.holds(site.site_id, draft.video.video_id):
        raise RefusedError(Reason.UNKNOWN_VIDEO, "Video not found", ("videoId",))


def know_visitor(draft: Draft, call: Call) -> None:
    """Find bot or not, place, browser, system, device: a back end speaks for its visitors, anybody else for himself."""
    if call.derived is not None:
        known = call.derived
        draft.visitor = Visitor(None, "", known.bot, known.surroundings)
        draft.touches_visit = known.touches_visit
        return
    context = cast("SentEvent", draft.sent).context or {}
    if cast("KeyRecord", call.key).scope != "server":
        draft.visitor = _caller(draft, call, context)
        return
    agent = context.get("user_agent")
    if agent is not None and not isinstance(agent, str):
        raise RefusedError(Reason.INVALID, "Expected `str`", ("context", "user_agent"))
    given = context.get("ip")
    address = normal(given) if isinstance(given, str) else None
    if given is not None and address is None:
        raise RefusedError(Reason.INVALID, "Expected an IP address", ("context", "ip"))
    visitor = visitor_of(address, (agent or "")[:MAX_AGENT])
    given = given_surroundings(context, visitor.surroundings) if draft.historical else None
    draft.visitor = visitor if given is None else msgspec.structs.replace(visitor, surroundings=given)
    draft.touches_visit = address is not None or given is not None


def _caller(draft: Draft, call: Call, context: Mapping[str, Any]) -> Visitor:
    """Return who sends with a public key: the caller, but a program's agent says nothing of a person, nor a back end's address."""
    if draft.sender == "page":
        return visitor_of(call.address, call.agent)
    agent = context.get("user_agent")
    return visitor_of(
        None if draft.sender == "back end" else call.address, agent[:MAX_AGENT] if isinstance(agent, str) else ""
    )


def find_spot(draft: Draft, call: Call) -> None:  # noqa: ARG001 - every step is called alike
    """Find where a user watches, for sharing detection; a replay knows no address any more."""
    visitor = cast("Visitor", draft.visitor)
    if draft.kind in VIDEO_KINDS and cast("SentEvent", draft.sent).user_id and not visitor.bot:
        draft.spot = spot_of(visitor.address, cast("SiteRecord", draft.site), keep_address=False)


def find_page(draft: Draft, call: Call) -> None:  # noqa: ARG001 - every step is called alike
    """Find on which page it happened."""
    sent = cast("SentEvent", draft.sent)
    if sent.url:
        draft.page = Page(sent.url, pages.folded(pages.cut(sent.url).path), sent.title or None)


def find_acquisition(draft: Draft, call: Call) -> None:  # noqa: ARG001 - every step is called alike
    """Find how the visitor came."""
    draft.acquisition = acquisition(cast("SentEvent", draft.sent), cast("SiteRecord", draft.site).domains)


def hash_visitor(draft: Draft, call: Call) -> None:
    """Find the hashes that stand for address and agent."""
    if call.derived is not None:
        draft.hashes = call.derived.hashes
        return
    draft.hashes = hashes_of(
        cast("Visitor", draft.visitor),
        cast("SiteRecord", draft.site),
        draft.time,
        received=call.received,
        now=call.now,
        historical=draft.historical,
        of_address=draft.kind == "view",
    )


STEPS: Final[tuple[Callable[[Draft, Call], None], ...]] = (
    find_site,
    check_permission,
    find_kind,
    stamp_time,
    check_catalogue,
    know_visitor,
    find_spot,
    find_page,
    find_acquisition,
    hash_visitor,
)
"""Every event goes through these, in this order."""
