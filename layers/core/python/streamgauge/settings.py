"""Settings of a stage as a function sees them: read from the environment once, at first use, by typed models.

Names and defaults are those of the documentation (`docs/operate.md`). A missing value stops the start by its name.
"""

from __future__ import annotations

import os
import re
from functools import cached_property, lru_cache
from typing import Final

_DURATION: Final = re.compile(r"^(\d+)\s*(s|m|h|d)?$")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class MissingSettingError(RuntimeError):
    """Raised when a function's environment lacks a value that it cannot do without."""


class Settings:
    """One environment, read lazily: a function only needs the values that it uses."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str | None = None, *aliases: str) -> str:
        """Return a value as text. Raises MissingSettingError when it is unset and has no default."""
        for candidate in (name, *aliases):
            value = self._environment.get(candidate, "")
            if value:
                return value
        if default is None:
            raise MissingSettingError(f"the environment lacks {name}")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a value as true or false (`true`, `1`, `yes`, `on` in any case are true)."""
        return self.text(name, str(default)).lower() in {"true", "1", "yes", "on"}

    def integer(self, name: str, default: int, *aliases: str) -> int:
        """Return a whole number."""
        return int(self.text(name, str(default), *aliases))

    def seconds(self, name: str, default: str, *aliases: str) -> int:
        """Return a duration written as `90`, `90s`, `5m`, `1h` or `30d`, in seconds."""
        value = self.text(name, default, *aliases)
        match = _DURATION.match(value)
        if match is None:
            raise MissingSettingError(f"{name} is no duration: {value!r}")
        return int(match[1]) * _UNIT_SECONDS[match[2] or "s"]

    @cached_property
    def enabled(self) -> bool:
        """False: ingest answers 503."""
        return self.flag("ANALYTICS_ENABLED", default=True)

    @cached_property
    def retention_days(self) -> int:
        """How many days raw events are kept; 0 = for ever."""
        return self.integer("ANALYTICS_RETENTION_DAYS", 90, "RETENTION_DAYS")

    @cached_property
    def rollup_retention_days(self) -> int:
        """How many days rollups and session history are kept; 0 = for ever."""
        return self.integer("ANALYTICS_ROLLUP_RETENTION_DAYS", 365)

    @cached_property
    def max_event_age_days(self) -> int:
        """How old an event may be at receipt: at least 2 days less than the retention of raw events."""
        asked = self.integer("ANALYTICS_MAX_EVENT_AGE_DAYS", 30)
        return asked if self.retention_days == 0 else max(0, min(asked, self.retention_days - 2))

    @cached_property
    def view_window_seconds(self) -> int:
        """How long after a counted view the same viewer's views do not count; 0 counts all."""
        return self.seconds("ANALYTICS_VIEW_WINDOW", "24h")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings(dict(os.environ))
