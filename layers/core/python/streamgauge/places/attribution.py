"""What the licence of the stage's city database asks to be shown wherever its places are."""

from __future__ import annotations

from typing import Final

from streamgauge.settings import settings

_PLACES: Final = frozenset({"country", "region", "city"})


def attribution() -> str | None:
    """Return the text, with its link, to go with every answer that names places; None where none is asked for."""
    return settings().text("PLACES_ATTRIBUTION", "") or None


def attribution_of(dimension: str) -> str | None:
    """Return the text to go with values of a dimension; None where these are no places."""
    return attribution() if dimension in _PLACES else None
