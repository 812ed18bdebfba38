"""New names: one random id a person, each id one of its own, and the same person or chain never two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.erasure.pseudonyms import Pseudonyms, digest_of
from streamgauge.events.facts import anonymous_key, bot_key, user_key

IDS = st.lists(st.text(min_size=1, max_size=8), max_size=6)


@given(user=st.text(min_size=1), anonymous=IDS, sessions=IDS, more=IDS)
def test_what_was_apart_stays_apart(user: str, anonymous: list[str], sessions: list[str], more: list[str]) -> None:
    person = Pseudonyms(user)
    person.add("anonymous", anonymous)
    person.add("session", sessions)
    person.add("session", more)
    for named in person.names.values():
        assert len(set(named.values())) == len(named)
        assert all(new.startswith(person.name) for new in named.values())
    assert len(set(person.numbers.values())) == len(person.numbers)
    assert set(person.names["session"]) == {*sessions, *more}


def test_numbers_follow_the_names() -> None:
    person = Pseudonyms("zoe")
    person.add("anonymous", ["browser"])
    new = person.of("anonymous", "browser")
    assert new is not None
    assert person.number(user_key("zoe")) == user_key(person.name)
    assert person.number(bot_key(anonymous_key("browser"))) == bot_key(anonymous_key(new))
    assert person.number(user_key("ben")) == user_key("ben")
    assert person.number(None) is None
    assert person.of("user", "ben") == "ben"


def test_two_erasures_of_one_person_have_nothing_in_common() -> None:
    assert Pseudonyms("zoe").name != Pseudonyms("zoe").name


def test_a_digest_tells_nothing_without_the_secret_and_knows_kinds_apart() -> None:
    digests = {digest_of(secret, kind, "zoe") for secret in (b"a", b"b") for kind in ("user", "session")}
    assert len(digests) == 4
