"""`make demo`: made-up traffic in the background of a running stack, and the first figures that it gives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from infra.local import calls
from infra.local.home import ROOT, Home, StackError, basic_environment, say
from infra.local.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

_DURATION: Final = "1h"
_PATIENCE_SECONDS: Final = 90.0
_FIGURES: Final = 5
_COMMAND: Final[list[str | Path]] = [ROOT / ".venv" / "bin" / "streamgauge", "simulate"]


def traffic(home: Home) -> list[Process]:
    """Return the processes that `make down` stops."""
    return [Process(f"traffic_{kind}", home.folder) for kind in ("live", "history")]


def run(home: Home) -> None:
    """Start traffic, and return once figures are to be seen. Raises StackError when none come."""
    known = home.read("endpoints.json")
    environment = {**basic_environment(), "STREAMGAUGE_HOME": str(home.folder)}
    live, history = traffic(home)
    if live.pid() is None:
        live.start([*_COMMAND, "--rate", "10", "--duration", _DURATION], environment, ROOT)
    address = f"{known['base_url']}/api/v1/analytics/dashboard/{known['site_id']}?period=today"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    shown = 0
    while shown < _FIGURES:
        if time.monotonic() > deadline:
            raise StackError(
                f"{live.last_words()}\nNo figures came: see {live.log} and {home.folder}/logs/event_source.log."
            )
        time.sleep(2)
        metrics = calls.report(address, known["keys"]["read"]).get("metrics") or {}
        if metrics.get("pageviews"):
            shown += 1
            say("today: {visitors} visitors, {visits} visits, {pageviews} page views".format(**metrics))
    if not home.read("demo.json"):
        # Some days before today, so that every report has something to show.
        history.start([*_COMMAND, "--rate", "0", "--backfill-days", "14", "--seed", "2"], environment, ROOT)
        home.write("demo.json", {"history": True})
    say(f"traffic goes on for {_DURATION}, or until `make down`")
    say(f"dashboard: {known['dashboard_url']}")
    say(f"read key:  {known['keys']['read']}")
