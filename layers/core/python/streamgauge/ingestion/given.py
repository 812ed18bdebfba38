"""Place and agent as an importer knows them: history that another tool has counted comes without addresses and agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from streamgauge.ingestion.reading import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import Surroundings

Word = Annotated[str, Meta(min_length=1, max_length=64)]
PlaceName = Annotated[str, Meta(min_length=1, max_length=128)]


class GivenContext(msgspec.Struct, kw_only=True):
    """What `context` of a historical event may say outright, with a server key; null: not known."""

    browser: Word | None = None
    os: Word | None = None
    device: Literal["desktop", "mobile", "tablet", "tv", "console", "wearable"] | None = None
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    region: PlaceName | None = None
    city: PlaceName | None = None


FIELDS: Final = frozenset(GivenContext.__struct_fields__)


def given_surroundings(context: Mapping[str, Any], derived: Surroundings) -> Surroundings | None:
    """Return what a context says outright, over what follows from address and agent; None when it names none of the fields.

    Raises RefusedError for a value of another type or out of bounds.
    """
    if FIELDS.isdisjoint(context):
        return None
    try:
        found = msgspec.convert({name: context[name] for name in FIELDS & context.keys()}, GivenContext)
    except msgspec.ValidationError as error:
        raise invalid(error, "context") from None
    # A field that is given as null is not known, whatever would follow.
    return msgspec.structs.replace(derived, **{name: getattr(found, name) for name in FIELDS & context.keys()})
