"""An event that does not go on, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamgauge.events.reasons import Reason


class RefusedError(Exception):
    """Raised by a step for an event that does not go on; `loc` is the field at fault, `detail` safe to show."""

    def __init__(self, reason: Reason, detail: str, loc: tuple[str | int, ...] = ()) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.loc = loc
