"""What ends a command early."""

from __future__ import annotations


class CommandError(Exception):
    """Raised when a command cannot go on; its text says what happened and what to do."""


class AnswerError(CommandError):
    """Raised when the service refuses a request for good."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StoppedError(Exception):
    """Raised inside a command when the user has asked it to stop (Ctrl-C)."""
