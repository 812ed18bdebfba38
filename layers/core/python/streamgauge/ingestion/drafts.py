"""An event on its way through the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from streamgauge.events.models import Acquisition

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import Kind, Page, Spot, VideoFields
    from streamgauge.ingestion.models import SentEvent
    from streamgauge.ingestion.refusal import RefusedError
    from streamgauge.ingestion.visitors import Hashes, Visitor


Sender = Literal["page", "app", "back end"]
"""What sent an event: a page (address and agent are its visitor's), an app (the address is), or a back end (neither is)."""


class Draft(msgspec.Struct, kw_only=True):
    """One event: what was sent, what the steps found, and what became of it.

    `raw` are its own bytes. `sent` is None where `refusal` stands from the start. `repeat` is set for an event that repeats an
    earlier one of the request, which counts it in `repeats`. `kind` set by a dialect overrules `event_type`. `device`, `browser`
    and `os` stand in for what the agent does not say. `in_order`: of those of its request with the same time it is the next.
    """

    index: int
    raw: bytes
    sender: Sender = "page"
    in_order: bool = False
    sent: SentEvent | None = None
    kind: Kind | None = None
    refusal: RefusedError | None = None
    repeat: bool = False
    repeats: int = 0
    event_id: str | None = None
    site: SiteRecord | None = None
    name: str | None = None
    video: VideoFields | None = None
    properties: dict[str, Any] | None = None
    device: str | None = None
    browser: str | None = None
    os: str | None = None
    time: int = 0
    corrected: bool = False
    historical: bool = False
    visitor: Visitor | None = None
    hashes: Hashes | None = None
    touches_visit: bool = True
    spot: Spot | None = None
    page: Page | None = None
    acquisition: Acquisition = Acquisition()
