"""An event on its way through the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from streamgauge.events.models import Acquisition

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import Kind, Page, Spot, VideoFields
    from streamgauge.ingestion.models import SentEvent
    from streamgauge.ingestion.refusal import RefusedError
    from streamgauge.ingestion.visitors import Hashes, Visitor


class Draft(msgspec.Struct, kw_only=True):
    """One event: what was sent, what the steps found, and what became of it.

    `raw` are its own bytes. `sent` is None where `refusal` stands from the start. `repeat` is set for an event that repeats an
    earlier one of the request, which counts it in `repeats`. `kind` set by a dialect overrules `event_type`.
    """

    index: int
    raw: bytes
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
    time: int = 0
    corrected: bool = False
    historical: bool = False
    visitor: Visitor | None = None
    hashes: Hashes | None = None
    touches_visit: bool = True
    spot: Spot | None = None
    page: Page | None = None
    acquisition: Acquisition = Acquisition()
