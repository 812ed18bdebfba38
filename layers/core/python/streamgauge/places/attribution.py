"""What the licence of the stage's city database asks to be shown wherever its places are."""

from __future__ import annotations

from streamgauge.settings import settings


def attribution() -> str | None:
    """Return the text, with its link, to go with every answer that names places; None where none is asked for."""
    return settings().text("PLACES_ATTRIBUTION", "") or None
