"""View counters are read by the site's calendar, held for 30 s, and read anew on demand."""

from datetime import datetime

import pytest
from streamgauge.clock import microseconds
from streamgauge.errors import NotFoundError
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.views.reports import HeldStats, view_stats

NOW = microseconds(datetime.fromisoformat("2026-03-01T00:00:00.001+01:00"))
ZONE = "Europe/Berlin"


class Counters:
    """The counters table and the catalogue."""

    def __init__(self, monkeypatch):
        self.items: dict[tuple[str, str], int] = {}
        self.catalogue: set[tuple[str, str]] = set()
        self.reads = 0
        monkeypatch.setattr(dynamo, "batch_get", self.batch_get)
        monkeypatch.setattr(dynamo, "get_item", self.get_item)

    def batch_get(self, table, keys):
        assert table == "counters"
        self.reads += 1
        wanted = [(key["pk"], key["sk"]) for key in keys]
        return [{"pk": pk, "sk": sk, "n": self.items[pk, sk], "v": 1} for pk, sk in wanted if (pk, sk) in self.items]

    def get_item(self, table, key):
        assert table == "registry"
        return {} if (key["pk"], key["sk"]) in self.catalogue else None


@pytest.fixture
def counters(monkeypatch):
    monkeypatch.setenv("COUNTERS_TABLE", "counters")
    monkeypatch.setenv("REGISTRY_TABLE", "registry")
    settings.cache_clear()
    yield Counters(monkeypatch)
    settings.cache_clear()


def test_today_and_this_month_begin_with_the_first_millisecond(counters):
    counters.items = {
        ("blog#view#v", "total"): 9,
        ("blog#view#v", "month#2026-02"): 5,
        ("blog#view#v", "day#2026-02-28"): 4,
        ("blog#view#v", "month#2026-03"): 2,
    }
    assert view_stats("blog", ZONE, "v", NOW) == {"viewsToday": 0, "viewsMonth": 2, "viewsTotal": 9}
    assert view_stats("blog", ZONE, "v", NOW - 2_000) == {"viewsToday": 4, "viewsMonth": 5, "viewsTotal": 9}


def test_an_unknown_video_is_not_found(counters):
    with pytest.raises(NotFoundError, match="Video not found"):
        view_stats("blog", ZONE, "v", NOW)


def test_a_catalogued_video_has_zeros(counters):
    counters.catalogue.add(("catalog#blog", "v"))
    assert view_stats("blog", ZONE, "v", NOW) == {"viewsToday": 0, "viewsMonth": 0, "viewsTotal": 0}


def test_figures_are_held_for_half_a_minute(counters):
    counters.items["blog#view#v", "total"] = 1
    at = [1000.0]
    held = HeldStats(lambda: at[0])

    def total(site="blog", *, fresh=False, now=NOW):
        return held.get(site, ZONE, "v", now, fresh=fresh)["viewsTotal"]

    assert total() == 1
    counters.items["blog#view#v", "total"] = 2
    at[0] += 29.9
    assert total() == 1
    assert total(fresh=True) == 2
    counters.items["blog#view#v", "total"] = 3
    assert total() == 2
    at[0] += 30
    assert total() == 3
    counters.items["blog#view#v", "total"] = 4
    assert total(now=NOW - 2_000) == 4
    with pytest.raises(NotFoundError):
        total("other")
