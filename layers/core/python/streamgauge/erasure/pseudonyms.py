"""What stands for the ids of an erased person: one random id, numbered where a person had several. Pure but for the random id.

Every id gets a name of its own, so that whatever was counted apart stays apart, and what was counted together stays together: the
figures are the same before and after.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from streamgauge.events.facts import anonymous_key, bot_key, user_key
from streamgauge.sessions.models import session_key

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["user", "anonymous", "session", "device"]
"""What an id is of. `session`: of a player, a page or a media server; `device`: of a media server."""


def digest_of(secret: bytes, kind: str, text: str) -> str:
    """Return the 32 digits by which an id is known once it is erased; without the site's secret they tell nothing."""
    return blake2b(f"{kind}\x1f{text}".encode("utf-8", "surrogatepass"), digest_size=16, key=secret[:64]).hexdigest()


@dataclass
class Pseudonyms:
    """The new names of one person's ids, and the numbers that change with them (old -> new)."""

    user_id: str
    name: str = field(default_factory=lambda: f"erased-{secrets.token_hex(8)}")
    names: dict[Kind, dict[str, str]] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name the person."""
        self.names["user"] = {self.user_id: self.name}
        self._renumber(user_key(self.user_id), user_key(self.name))

    def add(self, kind: Literal["anonymous", "session", "device"], texts: Iterable[str]) -> None:
        """Name ids that were found to be this person's."""
        named = self.names.setdefault(kind, {})
        for text in sorted(set(texts) - named.keys()):
            new = named[text] = f"{self.name}.{kind[0]}{len(named) + 1}"
            if kind == "anonymous":
                self._renumber(anonymous_key(text), anonymous_key(new))
            elif kind == "session":
                self.numbers[session_key(text)] = session_key(new)

    def of(self, kind: Kind, text: str | None) -> str | None:
        """Return what an id is called now: itself, unless it is this person's."""
        return None if text is None else self.names.get(kind, {}).get(text, text)

    def number(self, old: int | None) -> int | None:
        """Return what a number is now: itself, unless it is of one of this person's ids."""
        return None if old is None else self.numbers.get(old, old)

    def old_ids(self) -> list[str]:
        """Return the ids as they were; those of devices are left out: a device may be others' too."""
        return sorted({text for kind, named in self.names.items() if kind != "device" for text in named})

    def _renumber(self, old: int, new: int) -> None:
        self.numbers[old] = new
        self.numbers[bot_key(old)] = bot_key(new)
