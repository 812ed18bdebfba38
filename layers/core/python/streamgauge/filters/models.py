"""What a filter is. Pure; `docs/definitions.md`, Filters, says what each counts."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Name(Enum):
    """The dimensions that can be filtered by, as they stand in a query; PROPERTY stands there as `prop:<name>`."""

    PAGE = "page"
    ENTRY_PAGE = "entry_page"
    EXIT_PAGE = "exit_page"
    REFERRER = "referrer"
    SOURCE = "source"
    CHANNEL = "channel"
    UTM_SOURCE = "utm_source"
    UTM_MEDIUM = "utm_medium"
    UTM_CAMPAIGN = "utm_campaign"
    UTM_TERM = "utm_term"
    UTM_CONTENT = "utm_content"
    COUNTRY = "country"
    REGION = "region"
    CITY = "city"
    BROWSER = "browser"
    OS = "os"
    DEVICE = "device"
    SCREEN = "screen"
    LANGUAGE = "language"
    EVENT = "event"
    PROPERTY = "prop"


OF_EVENTS = frozenset({Name.PAGE, Name.EVENT, Name.PROPERTY})
"""What an event has by itself; the others are of visits."""

PAGES = frozenset({Name.PAGE, Name.ENTRY_PAGE, Name.EXIT_PAGE})
"""Names whose values are paths."""


class Condition(NamedTuple):
    """One filter: its dimension has one of `values` (the empty text: no value), or, with `part`, contains one; `negated`: it does not.

    `key` is the name of a property.
    """

    name: Name
    values: tuple[str, ...]
    part: bool = False
    negated: bool = False
    key: str = ""

    @property
    def lets_absent(self) -> bool:
        """Whether what has no value of the dimension meets it."""
        return ("" in self.values and not self.part) != self.negated


class Filters(NamedTuple):
    """All filters of a report; each of them is to be met."""

    conditions: tuple[Condition, ...] = ()

    @property
    def of_visits(self) -> tuple[Condition, ...]:
        """Those that a visit meets."""
        return tuple(one for one in self.conditions if one.name not in OF_EVENTS)

    @property
    def of_events(self) -> tuple[Condition, ...]:
        """Those that an event meets; with them a visit counts when it holds such an event."""
        return tuple(one for one in self.conditions if one.name in OF_EVENTS)

    @property
    def lets_visitless(self) -> bool:
        """Whether visitors outside any visit meet those of visits, of whose dimensions they have none."""
        return all(one.lets_absent for one in self.of_visits)
