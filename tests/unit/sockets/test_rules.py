"""What clients may say, when figures have their turn, and whose pages may connect."""

from __future__ import annotations

import pytest
from streamgauge.edge import sockets as edge
from streamgauge.sockets.models import MESSAGE_TYPES, Request, read_request
from streamgauge.sockets.pacing import remaining_ms


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ('{"action": "subscribe", "types": ["realtime_metrics"]}', Request("subscribe", ["realtime_metrics"])),
        ('{"action": "ping"}', Request("ping")),
        ('{"action": "subscribe", "types": []}', Request("subscribe")),
        ('{"action": "subscribe", "types": ["weather"]}', None),
        ('{"action": "leave"}', None),
        ("[]", None),
        ("", None),
        ("\ud800", None),
        ("[" * 100_000, None),
    ],
)
def test_only_known_requests_are_read(body, read):
    assert read_request(body) == read


def test_the_types_are_those_of_the_api():
    assert MESSAGE_TYPES == (
        "realtime_metrics", "analytics_event", "session_started", "session_ended", "sharing_alert",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "now", "wait"), [(0, 5000, 0), (5000, 5300, 700), (5000, 6000, 0), (90_000, 5000, 1000)]
)
def test_figures_wait_for_a_second_at_most(seen, now, wait):
    assert remaining_ms(seen, now) == wait


@pytest.mark.parametrize(
    ("origin", "own", "friendly"),
    [
        ("", "gauge.example", True),
        ("https://gauge.example", "gauge.example", True),
        ("http://127.0.0.1:8787", "127.0.0.1:8787", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8787", False),
        ("https://shop.example", "gauge.example", True),
        ("https://www.shop.example", "gauge.example", True),
        ("https://evil-shop.example", "gauge.example", False),
        ("https://shop.example.evil.example", "gauge.example", False),
        ("https://wall.example", "gauge.example", True),
        ("null", "gauge.example", False),
        ("https://[", "gauge.example", False),
    ],
)
def test_pages_of_ours_of_the_site_and_of_named_origins_may_connect(monkeypatch, origin, own, friendly):
    class Site:
        domains = ("shop.example",)

    class Stage:
        def text(self, _name, _default):
            return "https://wall.example https://other.example"

    monkeypatch.setattr(edge, "find_site", lambda _: Site)
    monkeypatch.setattr(edge, "settings", Stage)
    assert edge.is_friendly(origin, own, "shop") is friendly
