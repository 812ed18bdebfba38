"""What sessions add up to over a stretch of time, in parts that are kept and added by themselves. Pure.

Users have dense numbers, so that sets of them are bitmaps.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

PartName = Literal["totals", "users", "items", "genres", "libraries"]

PARTS: Final[tuple[PartName, ...]] = ("totals", "users", "items", "genres", "libraries")


class People:
    """A set of users: bit n of `bits` is set for user n."""

    __slots__ = ("bits",)

    def __init__(self, bits: int = 0) -> None:
        self.bits = bits

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number >= 0 and bool(self.bits >> number & 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, People) and self.bits == other.bits

    __hash__ = None  # type: ignore[assignment]

    def add(self, other: People) -> None:
        """Take in another set."""
        self.bits |= other.bits


class Row(NamedTuple):
    """A session as sums read it; `user` is its number, `library` that of the catalogue, else its own."""

    user: int
    content_id: str
    duration: int
    streamed: int
    transcoded: bool
    last: int
    library: str | None
    genres: tuple[str, ...]


class Totals(msgspec.Struct, array_like=True):
    """All sessions; `duration` in microseconds, `streamed` in kbit/s x microseconds."""

    sessions: int = 0
    plays: int = 0
    duration: int = 0
    streamed: float = 0
    transcoded: int = 0
    users: People = msgspec.field(default_factory=People)

    def add(self, other: Totals) -> None:
        """Add another stretch of time."""
        self.sessions += other.sessions
        self.plays += other.plays
        self.duration += other.duration
        self.streamed += other.streamed
        self.transcoded += other.transcoded
        self.users.add(other.users)


class UserSums(msgspec.Struct, array_like=True):
    """What a user streamed."""

    sessions: int = 0
    duration: int = 0
    streamed: float = 0

    def add(self, other: UserSums) -> None:
        """Add another stretch of time."""
        self.sessions += other.sessions
        self.duration += other.duration
        self.streamed += other.streamed


class GroupSums(msgspec.Struct, array_like=True):
    """The sessions of a genre or of a library; `last` is their last call of all."""

    plays: int = 0
    duration: int = 0
    last: int = 0
    users: People = msgspec.field(default_factory=People)

    def add(self, other: GroupSums) -> None:
        """Add another stretch of time."""
        self.plays += other.plays
        self.duration += other.duration
        self.last = max(self.last, other.last)
        self.users.add(other.users)


class Sums(msgspec.Struct):
    """The parts of a stretch of time: `users` by number, plays by item, genres and libraries by name."""

    totals: Totals = msgspec.field(default_factory=Totals)
    users: dict[int, UserSums] = msgspec.field(default_factory=lambda: defaultdict(UserSums))
    items: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    genres: dict[str, GroupSums] = msgspec.field(default_factory=lambda: defaultdict(GroupSums))
    libraries: dict[str, GroupSums] = msgspec.field(default_factory=lambda: defaultdict(GroupSums))

    def count(self, row: Row, play: int) -> None:
        """Count a session; it is a play from `play` microseconds on."""
        is_play = row.duration >= play
        user = People(1 << row.user)
        streamed = float(row.streamed)
        self.totals.add(Totals(1, int(is_play), row.duration, streamed, int(row.transcoded), user))
        self.users[row.user].add(UserSums(1, row.duration, streamed))
        if is_play:
            self.items[row.content_id] += 1
        group = GroupSums(int(is_play), row.duration, row.last, user)
        for genre in row.genres:
            self.genres[genre].add(group)
        if row.library is not None:
            self.libraries[row.library].add(group)

    def take(self, part: PartName, packed: bytes) -> None:
        """Add a part of another stretch of time, as `pack` wrote it."""
        if part == "totals":
            self.totals.add(_TOTALS.decode(packed))
        elif part == "items":
            items = self.items
            for content_id, plays in _ITEMS.decode(packed).items():
                items[content_id] += plays
        elif part == "users":
            for number, user in _USERS.decode(packed).items():
                self.users[number].add(user)
        else:
            groups = self.genres if part == "genres" else self.libraries
            for name, group in _GROUPS.decode(packed).items():
                groups[name].add(group)

    def pack(self) -> dict[PartName, bytes]:
        """Return every part as bytes."""
        return {
            "totals": _ENCODE(self.totals),
            "users": _ENCODE(self.users),
            "items": _ENCODE(self.items),
            "genres": _ENCODE(self.genres),
            "libraries": _ENCODE(self.libraries),
        }


def _packed(value: Any) -> bytes:  # noqa: ANN401 - whatever msgspec does not know
    bits: int = value.bits
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _unpacked(_: type, packed: Any) -> People:  # noqa: ANN401 - as msgspec asks
    return People(int.from_bytes(packed, "little"))


_ENCODE: Final = msgspec.msgpack.Encoder(enc_hook=_packed).encode
_TOTALS: Final = msgspec.msgpack.Decoder(Totals, dec_hook=_unpacked)
_USERS: Final = msgspec.msgpack.Decoder(dict[int, UserSums])
_ITEMS: Final = msgspec.msgpack.Decoder(dict[str, int])
_GROUPS: Final = msgspec.msgpack.Decoder(dict[str, GroupSums], dec_hook=_unpacked)


def sums_of(rows: Iterable[Row], play: int) -> Sums:
    """Return what sessions add up to."""
    found = Sums()
    for row in rows:
        found.count(row, play)
    return found
