"""The dimensions of the rollups and the numbers under which they are stored. Never renumber: append."""

from __future__ import annotations

from enum import IntEnum

from streamgauge.ids import code


class Dimension(IntEnum):
    """What a row of `rollup_days` is about. TOTAL has the one name ``; VIEWER's names are video ids."""

    TOTAL = 0
    PAGE = 1
    ENTRY_PAGE = 2
    EXIT_PAGE = 3
    REFERRER = 4
    SOURCE = 5
    CHANNEL = 6
    UTM_SOURCE = 7
    UTM_MEDIUM = 8
    UTM_CAMPAIGN = 9
    UTM_TERM = 10
    UTM_CONTENT = 11
    COUNTRY = 12
    REGION = 13
    CITY = 14
    BROWSER = 15
    OS = 16
    DEVICE = 17
    SCREEN = 18
    LANGUAGE = 19
    EVENT = 20
    VIEWER = 21
    HOUR = 22


def code_of(dimension: Dimension, name: str) -> int:
    """Return the signed 64-bit number of a value in `rollup_days.code`, `visitor_days.codes` and `uniques.code`."""
    return code(str(int(dimension)), name)
