"""What a store can fail with."""

from __future__ import annotations

from streamgauge.errors import UnavailableError


class StoreAwayError(UnavailableError):
    """Raised when a store cannot be reached, throttles or fails, after all retries."""


class StoreRefusedError(RuntimeError):
    """Raised when a store refuses a request as wrong: ours to mend, never a caller's."""

    def __init__(self, service: str, code: str, message: str) -> None:
        super().__init__(f"{service}: {code}: {message}")
        self.code = code
