"""Lets the local stack's admin key in. A process of its own: only here do settings of a function come from `make up`."""

from __future__ import annotations

import os

from streamgauge.access.bootstrap import ensure_admin_key
from streamgauge.store import postgres


def main() -> None:
    """Make the key that STREAMGAUGE_FIRST_KEY holds an admin key for all sites."""
    with postgres.connect() as connection:
        ensure_admin_key(connection, os.environ["STREAMGAUGE_FIRST_KEY"])


if __name__ == "__main__":
    main()
