"""No order and no repetition of calls changes what the live state says, as far back as it keeps calls apart."""

from __future__ import annotations

import pytest
from streamgauge.sessions.folding import fold
from streamgauge.sessions.live import RECENT, find, record
from streamgauge.sessions.models import call_of

from tests.integration.sessions.conftest import NOON, microseconds
from tests.support.seeds import seeded
from tests.support.stamped import session_call


def calls(chance, session, count):
    at = microseconds(NOON)
    made = [session_call("start", at, session=session, bitrate=1000)]
    for _ in range(count):
        at += microseconds(chance.choice((0.5, 10, 60, 299, 400)))
        kind = chance.choice(("beat", "beat", "beat", "start", "stop"))
        made.append(
            session_call(kind, at, session=session, paused=chance.choice((None, True, False)), position=at / 1e9)
        )
    return sorted(map(call_of, made))


@pytest.mark.parametrize("seed", range(6))
def test_of_recent_calls_is_exact(server, seed):
    chance = seeded(seed)
    wanted = calls(chance, f"s{seed}", RECENT - 2)
    order = wanted + chance.sample(wanted, 5)
    chance.shuffle(order)
    for call in order:
        record("blog", call, microseconds(NOON))
    found = find("blog", f"s{seed}", microseconds(NOON)).session
    truth = fold(None, wanted)
    assert (found.duration, found.stop, found.paused, found.position, found.streamed) == (
        truth.duration, truth.stop, truth.paused, truth.position, truth.streamed,
    )  # fmt: skip


def test_of_many_calls_in_order_equals_the_fold(server):
    wanted = calls(seeded(9), "long", 150)
    for call in wanted:
        record("blog", call, microseconds(NOON))
    found = find("blog", "long", microseconds(NOON)).session
    truth = fold(None, wanted)
    assert (found.id, found.duration, found.stop, found.calls) == ("long", truth.duration, truth.stop, truth.calls)


def test_a_retry_repairs_the_list(server, monkeypatch):
    from streamgauge.sessions import live

    call = calls(seeded(1), "half", 0)[0]
    with monkeypatch.context() as patch:
        patch.setattr(live, "_list", lambda *_: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            record("blog", call, microseconds(NOON))
    assert live.active("blog", microseconds(NOON)) == []
    assert record("blog", call, microseconds(NOON))[1] is False
    assert [one.id for one in live.active("blog", microseconds(NOON))] == ["half"]
