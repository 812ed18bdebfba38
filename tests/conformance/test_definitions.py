"""Every sentence of the definitions of time and websites, held by cases: events in, expected numbers out of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamgauge.jobs.closing import aggregate_days
from streamgauge.jobs.slots import Slot

from tests.conformance.cases import check, load, name_of, send

CASES = load()

pytestmark = pytest.mark.parametrize("case", CASES, ids=name_of)


def test_cases_give_their_numbers(service, case):
    site = f"c{CASES.index(case)}"
    send(service, case, site)
    service.flow()
    check(service, case, site)


def test_any_order_gives_the_same_numbers_and_so_do_closed_days(service, case):
    # What was sent last is stored first, each by itself.
    site = f"r{CASES.index(case)}"
    send(service, case, site)
    service.stream.reverse()
    service.flow(batch=1)
    check(service, case, site)
    at = datetime.fromtimestamp(service.clock.now / 1e6, UTC) + timedelta(days=3)
    aggregate_days(Slot(at, by_hand=True))
    check(service, case, site)
