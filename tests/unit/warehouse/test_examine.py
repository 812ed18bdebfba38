"""What the consumer tells of a record before any store is asked."""

from __future__ import annotations

import time

import msgspec
import pytest
from streamgauge.events.models import Page, Receipt, StampedEvent, encode
from streamgauge.events.reasons import Reason
from streamgauge.warehouse.examine import Unstorable, examine

from tests.support.stamped import stamped

NOW = time.time_ns() // 1000


def event(**changes: object) -> StampedEvent:
    return msgspec.structs.replace(stamped("page_view", NOW), **changes)


@pytest.mark.parametrize(
    ("title", "taken"), [("a\\u0000b", True), ("a\\\\u0000b", True), ("a\0b", False), ("a\\\0b", False)]
)
def test_only_a_real_nul_is_refused(title: str, taken: bool) -> None:
    sent = event(page=Page("https://x.test/", "/", title))
    assert isinstance(examine(encode(sent), NOW), StampedEvent) is taken


@pytest.mark.parametrize("site", ["", "a\0b", "s" * 201])
@pytest.mark.parametrize("kind", ["page_view", "dance"])
def test_a_site_that_nobody_can_have_is_not_asked_for(site: str, kind: str) -> None:
    data = encode(event(site=site)).replace(b'"page_view"', f'"{kind}"'.encode())
    found = examine(data, NOW)
    assert isinstance(found, Unstorable)
    assert found.site is None


@pytest.mark.parametrize(
    "receipt", [Receipt(1, 0, 2**31), Receipt(2**63, 0, 0), Receipt(1, -1, 0), Receipt(1, 0, 0, 2**40)]
)
def test_a_receipt_beyond_its_columns_is_not_accounted(receipt: Receipt) -> None:
    found = examine(encode(event(receipt=receipt)), NOW)
    assert isinstance(found, Unstorable)
    assert (found.reason, found.receipt, found.site) == (Reason.POISON, None, "site")


@pytest.mark.parametrize(
    "field", ["position", "duration", "bitrate", "seek_from", "seek_to", "buffer_seconds", "startup_time"]
)
@pytest.mark.parametrize(("value", "taken"), [(1e9, True), (1.1e9, False), (-1e300, False)])
def test_numbers_whose_sums_could_overflow_are_refused(field: str, value: float, taken: bool) -> None:
    sent = stamped("video_progress", NOW, **{field: value})
    assert isinstance(examine(encode(sent), NOW), StampedEvent) is taken


def test_what_is_kept_of_an_endless_id_fits_an_index() -> None:
    found = examine(encode(event(id="i" * 500_000)), NOW)
    assert isinstance(found, Unstorable)
    assert found.event_id == "i" * 1024
