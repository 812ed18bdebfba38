"""Whether a site's catalogue holds a video, by its projection to DynamoDB: `catalog#{site}`/`{video_id}`."""

from __future__ import annotations

from typing import Final

from streamgauge.access.cache import Cache
from streamgauge.access.registry import catalogue_key
from streamgauge.settings import settings
from streamgauge.store import dynamo

_HOLD_SECONDS: Final = 55
_ABSENT_SECONDS: Final = 5

_videos: Final[Cache[bool]] = Cache(_HOLD_SECONDS, _ABSENT_SECONDS)


def holds(site: str, video_id: str) -> bool:
    """Say whether a video is catalogued. Raises StoreAwayError."""
    return bool(_videos.get(f"{site}\x1f{video_id}", _find))


def forget() -> None:
    """Empty what this container holds."""
    _videos.clear()


def _find(name: str) -> bool | None:
    site, _, video_id = name.partition("\x1f")
    return dynamo.get_item(settings().text("REGISTRY_TABLE"), catalogue_key(site, video_id)) is not None or None
