"""Answers that a container keeps for a while, for reports that change slowly and cost much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Answer = TypeVar("Answer")

_MOST_HELD: Final = 1_000


class HeldAnswers:
    """The answers of one container by what was asked; an error is never held."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[float, Any]] = {}

    def get(
        self, asked: Hashable, now: float, seconds: float, make: Callable[[], Answer], *, fresh: bool = False
    ) -> tuple[Answer, int]:
        """Return an answer and the whole seconds that it may be kept yet, made anew when too old or asked for `fresh`.

        `now` in seconds.
        """
        held = self._held.get(asked)
        if held is not None and not fresh and 0 <= now - held[0] < seconds:
            return cast("Answer", held[1]), int(seconds - (now - held[0]))
        answer = make()
        self._held.pop(asked, None)
        if len(self._held) >= _MOST_HELD:
            # The oldest leaves first: dicts keep the order of insertion.
            del self._held[next(iter(self._held))]
        self._held[asked] = (now, answer)
        return answer, int(seconds)
