"""SQL of session history."""

from __future__ import annotations

from typing import Final, LiteralString

from streamgauge.sessions.rows import NAMES

OF_USER: Final[LiteralString] = (
    "SELECT " + NAMES + " FROM sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s"
    " ORDER BY start DESC, session_id LIMIT %(take)s"
)  # fmt: skip
