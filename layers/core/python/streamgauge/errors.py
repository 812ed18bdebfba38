"""What can go wrong for a caller; `edge.http` holds the table from these to status codes."""

from __future__ import annotations


class StreamgaugeError(Exception):
    """Raised for everything that a caller may see; `detail` is safe to show."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnreadableError(StreamgaugeError):
    """Raised when a request cannot be read at all."""


class UnauthenticatedError(StreamgaugeError):
    """Raised when a credential is missing, unknown, revoked or expired."""


class ForbiddenError(StreamgaugeError):
    """Raised when a known caller lacks the scope or the site."""


class NotFoundError(StreamgaugeError):
    """Raised when the thing named in the path does not exist, for this caller."""


class ConflictError(StreamgaugeError):
    """Raised when the state of the thing forbids the change."""


class TooLargeError(StreamgaugeError):
    """Raised when a body or an event is over its limit."""


class UnsupportedMediaError(StreamgaugeError):
    """Raised when the content encoding or type cannot be read."""


class OutOfBoundsError(StreamgaugeError):
    """Raised when a value is of the wrong type or outside its bounds; `errors` are (location, message) pairs."""

    def __init__(self, detail: str, errors: list[tuple[list[str | int], str]] | None = None) -> None:
        super().__init__(detail)
        self.errors = errors or []


class TooManyRequestsError(StreamgaugeError):
    """Raised when a key or an address is over its rate; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(StreamgaugeError):
    """Raised when a store is away, resuming, or analytics is switched off; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
