"""Which library sent a call: whether address and agent of the connection are those of its visitor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streamgauge.ingestion.drafts import Sender

# Whole words: `JavaScript` is no Java.
_APP: Final = re.compile(
    r"(?<![a-z])(?:ios|android|swift|kotlin|cocoa|react[-_ ]?native|flutter|unity|cordova|tvos|roku)(?![a-z])"
)
_BACK_END: Final = re.compile(
    r"(?<![a-z])(?:python|node|edge|go|ruby|java|php|net|dotnet|csharp|rust|rs|elixir|clojure)(?![a-z])"
)


def sender_named(library: str | None) -> Sender:
    """Return what a library of this name runs in; whatever is unknown is taken for a page."""
    name = (library or "").lower()
    if _APP.search(name):
        return "app"
    return "back end" if _BACK_END.search(name) else "page"
