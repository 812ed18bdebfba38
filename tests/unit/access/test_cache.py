from streamgauge.access.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_found_value_is_held_and_an_absent_one_shorter() -> None:
    clock, asked = Clock(), []
    cache: Cache[str] = Cache(55, 5, clock=clock)

    def find(name: str) -> str | None:
        asked.append(name)
        return name if name == "known" else None

    for now in (0, 4, 6, 54, 56):
        clock.now = 1000 + now
        assert cache.get("known", find) == "known"
        assert cache.get("unknown", find) is None
    assert asked.count("known") == 2
    assert asked.count("unknown") == 3


def test_the_age_counts_from_before_the_question() -> None:
    clock = Clock()
    cache: Cache[str] = Cache(55, 5, clock=clock)

    def slow(_: str) -> str:
        clock.now += 30
        return "old"

    assert cache.get("key", slow) == "old"
    clock.now += 26
    assert cache.get("key", lambda _: "new") == "new"


def test_a_clock_that_went_back_is_not_trusted() -> None:
    clock = Clock()
    cache: Cache[str] = Cache(55, 5, clock=clock)
    cache.get("key", lambda _: "old")
    clock.now -= 100
    assert cache.get("key", lambda _: "new") == "new"


def test_a_flood_of_names_does_not_grow_it() -> None:
    cache: Cache[str] = Cache(55, 5, limit=3)
    for name in "abcdefg":
        cache.get(name, lambda _: None)
    assert len(cache._entries) == 3
