"""What the daily jobs remember in DynamoDB, so that they need not ask Postgres whether there is something to do.

Partition `hint` of STATUS_TABLE: `retention` holds the first UTC day on which something is due, and under which settings that
was reckoned; `traffic` the last local day that was closed; `partitions` the day up to which they are made. A hint that is not
there means: look.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from streamgauge.settings import settings
from streamgauge.store import dynamo

IDS_KEPT_DAYS: Final = 70
"""The horizon of de-duplication, from receipt: event age 30, replay of dead letters 30, stream 7, and 3."""

_PARTITION: Final = "hint"
_EARLIER: Final = "attribute_exists(#d) AND #d > :day"
_LATER: Final = "attribute_not_exists(#d) OR #d < :day"


def note_day(day: date) -> None:
    """Remember that a local day has events: once it will be due for retention, and the coming days want partitions."""
    # Only a hint that is there is lowered: a missing one makes retention look anyway.
    _move("retention", day + timedelta(days=shortest_retention() + 1), _EARLIER)
    _move("traffic", day, _LATER)


def note_import(today: date) -> None:
    """Remember that days were imported on a UTC day, from which on they are kept."""
    if settings().rollup_retention_days:
        _move("retention", today + timedelta(days=settings().rollup_retention_days + 1), _EARLIER)


def shortest_retention() -> int:
    """Return after how many days the first of anything may have to go."""
    kept = (settings().retention_days, settings().rollup_retention_days, IDS_KEPT_DAYS)
    return min(days for days in kept if days > 0)


def retention_due(day: date) -> bool:
    """Say whether retention has something to do on a UTC day, as far as is known."""
    hint = dynamo.get_item(_table(), _key("retention"), consistent=True)
    return hint is None or hint.get("settings") != _settings() or str(hint["day"]) <= day.isoformat()


def set_retention(due: date | None) -> None:
    """Remember on which UTC day retention has to look again; None: nothing is kept that will ever be due."""
    day = (due or date.max).isoformat()
    dynamo.put_item(_table(), {**_key("retention"), "day": day, "settings": _settings()})


def last_traffic() -> date | None:
    """Return the last local day with events that was closed, of any site."""
    return _day("traffic")


def partitions_until() -> date | None:
    """Return the last UTC day whose partitions are known to be made."""
    return _day("partitions")


def set_partitions_until(day: date) -> None:
    """Remember up to which UTC day partitions are made."""
    _move("partitions", day, _LATER)


def _day(name: str) -> date | None:
    hint = dynamo.get_item(_table(), _key(name), consistent=True)
    return None if hint is None else date.fromisoformat(hint["day"])


def _move(name: str, day: date, condition: str) -> None:
    dynamo.update_item(
        _table(),
        _key(name),
        "SET #d = :day",
        values={":day": day.isoformat()},
        names={"#d": "day"},
        condition=condition,
    )


def _settings() -> str:
    return f"{settings().retention_days}/{settings().rollup_retention_days}"


def _key(name: str) -> dict[str, str]:
    return {"pk": _PARTITION, "sk": name}


def _table() -> str:
    return settings().text("STATUS_TABLE")
