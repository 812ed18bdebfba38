"""What Postgres knows of a user's sessions, as the detectors want it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from streamgauge.sharing import queries
from streamgauge.sharing.detectors import findings
from streamgauge.sharing.models import DAY, KNOWN_DEVICE, YOUNGEST, Point, Use, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.sharing.models import Finding, Thresholds
    from streamgauge.store.postgres import Read

LONGEST_SESSION: Final = 2 * DAY
"""A session that began longer before the time that is looked at is not looked for."""
MOST_A_DAY: Final = 500
"""Of one user's sessions that begin on one UTC day; the latest are taken. Nobody watches so much, and pairs are compared."""


def watched(row: Sequence[Any]) -> Watched:
    """Return the session that a row of `queries` holds."""
    (
        key, session_id, user_id, device, start, last, starts, ends, halted, network, latitude, longitude, radius, country, city,
        device_name, client_name, device_id, ip_address, _changed,
    ) = row  # fmt: skip
    point = None
    if latitude is not None and longitude is not None and radius is not None:
        point = Point(latitude, longitude, radius)
    return Watched(
        session_id=session_id or f"player:{key & 0xFFFF_FFFF_FFFF_FFFF:016x}",
        user_id=user_id,
        device=device,
        start=start,
        last=last,
        intervals=tuple(zip(starts, ends, strict=True)),
        present=not halted,
        network=network,
        point=point,
        country=country,
        city=city,
        device_name=device_name,
        client_name=client_name,
        device_id=device_id,
        ip_address=ip_address,
    )


def old_enough(sessions: Iterable[Watched], now: int) -> list[Watched]:
    """Return the sessions that began long enough before `now` to say something."""
    return [one for one in sessions if now - one.start >= YOUNGEST]


def bounded(sessions: Iterable[Watched]) -> list[Watched]:
    """Return sessions of a user by start and id, no more than MOST_A_DAY of one day."""
    kept: list[Watched] = []
    for _, of_day in groupby(
        sorted(sessions, key=lambda one: (one.start, one.session_id)), lambda one: one.start // DAY
    ):
        kept += list(of_day)[-MOST_A_DAY:]
    return kept


def evidence_of(
    read: Read,
    site_no: int,
    user: tuple[int, str],
    sessions: Sequence[Watched],
    thresholds: Thresholds,
) -> list[Finding]:
    """Return all evidence in sessions of a user (key, id), who is asked about further only when many devices are there."""
    devices = {one.device for one in sessions if one.names_device}
    uses: list[Use] = []
    first_seen: int | None = None
    if len(devices) > thresholds.device_spike:
        asked = {
            "site_no": site_no,
            "user_key": user[0],
            "user_id": user[1],
            "since": min(one.start for one in sessions) - KNOWN_DEVICE - LONGEST_SESSION,
            "until": max(one.start for one in sessions),
        }
        uses = [Use(*row) for row in read(queries.USES, asked)]
        for row in read(queries.FIRST_SEEN, asked):
            first_seen = row[0]
    return findings(sessions, uses, first_seen, thresholds)
