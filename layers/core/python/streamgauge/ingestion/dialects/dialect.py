"""What a dialect is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streamgauge.errors import UnreadableError
from streamgauge.events.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.drafts import Draft
    from streamgauge.ingestion.outcome import Outcome


class Reading(NamedTuple):
    """The events of a request in its order; `single` when it was not a list."""

    drafts: list[Draft]
    single: bool


def only(draft: Draft) -> Reading:
    """Return the reading of a request that is one event. Raises UnreadableError when its body cannot be read at all."""
    if draft.refusal is not None and draft.refusal.reason is Reason.UNREADABLE:
        raise UnreadableError(draft.refusal.detail)
    return Reading([draft], single=True)


class Dialect(NamedTuple):
    """`read` makes the drafts of a request: UnreadableError when it holds no events, TooLargeError when too many.

    `reread` makes the draft of one event's own bytes (as its dead letter keeps them) and the path's argument. `answer` says what became of them.
    The bodies of `foreign` clients may hold half characters.
    """

    name: str
    read: Callable[[Call], Reading]
    reread: Callable[[bytes, str], Draft]
    answer: Callable[[Reading], Outcome]
    foreign: bool = False
