"""The gate of a site: batches go through it together, a job that closes, rebuilds or erases has it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection

SITE_GATE: Final = 0x5347  # "SG": the first half of the advisory lock's two numbers


def enter(connection: Connection, site_nos: Iterable[int]) -> None:
    """Take the shared gate of each site, in order, until the transaction ends."""
    for site_no in sorted(site_nos):
        connection.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [SITE_GATE, site_no])


def close(connection: Connection, site_no: int) -> None:
    """Wait until no batch of the site is in its transaction, and keep others out until this transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SITE_GATE, site_no])
