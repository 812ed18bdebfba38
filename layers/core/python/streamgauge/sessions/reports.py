"""Session history, read from Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.events.facts import user_key
from streamgauge.sessions import queries
from streamgauge.sessions.rows import session_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.sessions.folding import Session
    from streamgauge.store.postgres import Read


def sessions_of_user(read: Read, site_no: int, user_id: str, take: int) -> list[Session]:
    """Return the last `take` sessions of a user, the latest first."""
    parameters = {"site_no": site_no, "user_key": user_key(user_id), "user_id": user_id, "take": take}
    return [session_of(values_of(row)) for row in read(queries.OF_USER, parameters)]


def merged(stored: Iterable[Session], live: Iterable[Session]) -> list[Session]:
    """Return sessions of history and live ones, each as whoever knows more of its calls has it, the latest first."""
    found = {session.id: session for session in live}
    for session in stored:
        other = found.get(session.id)
        if other is None or (session.seen, session.calls) >= (other.seen, other.calls):
            found[session.id] = session
    return sorted(found.values(), key=lambda session: (-session.start, session.id))
