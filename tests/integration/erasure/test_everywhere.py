"""After an erasure no byte of the person's ids is left in any store, and everybody else is as before."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace
from streamgauge.events.facts import user_key
from streamgauge.events.models import SessionFields, SessionItem, Spot, encode
from streamgauge.events.reasons import Reason, Stage
from streamgauge.funnels.attempts import Attempt, Person
from streamgauge.funnels.saved import pack
from streamgauge.ids import number
from streamgauge.jobs import erasure
from streamgauge.rollups.build import build_day
from streamgauge.sessions import live
from streamgauge.sessions.folding import Call
from streamgauge.store import dead_letters, dynamo
from streamgauge.store.dead_letters import DeadLetter
from streamgauge.warehouse import gate
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.recount import recount_day

from functions.api import users
from functions.schedules import erasure as schedule
from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.requests import key, request
from tests.support.stamped import instant, session_call, stamped
from tests.support.traces import forms, items_with, personal_tables, tables_with
from tests.support.warehouse import store_stamped

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection

    from tests.support.aws import Aws

WHO = "zoe.k@example.test"
BROWSER = "browser-of-zoe"
OTHER = "ben"
ADDRESS = "81.2.69.142"
TRACES = [*forms(WHO, [BROWSER]), ADDRESS, "tv-of-zoe", "secret-of-zoe"]
DAY = date(2026, 11, 20)
ROLLUPS = (
    "rollup_hours",
    "rollup_days",
    "rollup_months",
    "rollup_videos",
    "rollup_video_curves",
    "rollup_video_values",
)
FIGURES = (*ROLLUPS, "view_counters", "uniques", "unique_blocks", "visitors_before", "accounting", "event_ids")


def life() -> list[StampedEvent]:
    """Return what Zoe and Ben did: as visitors with and without a name, viewers, and users of a media server."""
    zoe: dict[str, Any] = {"anonymous_id": BROWSER, "person": None}
    named = zoe | {"user_id": WHO}
    spot = Spot(ADDRESS, 77, "GB", "London", 51.5, -0.1, 20.0)
    events = [
        stamped("page_view", "2026-11-20 10:00", path="/", **zoe),
        stamped("page_view", "2026-11-20 10:01", path="/a", **named, properties={"mail": "secret-of-zoe"}),
        stamped("custom", "2026-11-20 10:02", **named, id=f"{WHO}-1", metadata={"note": "secret-of-zoe"}),
        stamped("page_view", "2026-11-20 10:03", user_id=WHO, person="a hash alone"),
        stamped("custom", "2026-11-20 10:04", user_id=WHO, person=None, touches_visit=False),
        stamped("view", "2026-11-20 10:05", **named, session_id=f"s-{WHO}"),
        stamped("view", "2026-11-20 10:06", user_id=WHO, person=None, touches_visit=False),
        *(
            stamped(
                "video_progress",
                f"2026-11-20 11:00:{n:02}",
                **named,
                session_id=f"s-{WHO}",
                position=float(n),
                spot=spot,
            )
            for n in range(0, 50, 10)
        ),
        stamped("video_start", "2026-11-20 12:00", user_id=WHO, person=None, touches_visit=False),
        *(
            session_call(call, f"2026-11-20 2{n}:00", session=f"play-{WHO}", user=WHO, device_id="tv-of-zoe", spot=spot)
            for n, call in enumerate(("start", "beat", "stop"))
        ),
    ]
    # The same again by Ben, who also uses Zoe's browser, and her session in it.
    ben = [
        stamped("page_view", "2026-11-20 15:00", anonymous_id=BROWSER, person=None, user_id=OTHER),
        stamped(
            "video_progress",
            "2026-11-20 15:01",
            anonymous_id=BROWSER,
            user_id=OTHER,
            session_id=f"s-{WHO}",
            position=3.0,
        ),
        stamped("page_view", "2026-11-20 15:10", anonymous_id="of ben", user_id=OTHER, properties={"plan": "free"}),
        stamped("view", "2026-11-20 15:05", user_id=OTHER, session_id="of ben"),
        *(
            session_call(call, f"2026-11-20 2{n}:30", session="ben", user=OTHER)
            for n, call in enumerate(("start", "stop"))
        ),
    ]
    return events + ben


LIFE: Final = life()


def keep(connection: Connection, events: list[StampedEvent]) -> None:
    """Store events in batches of five."""
    directory = Directory()
    for start in range(0, len(events), 5):
        batch = events[start : start + 5]
        outcome = store_stamped(connection, batch, directory=directory)
        assert not outcome.refused


def fill_the_rest(connection: Connection, site: SiteRecord) -> None:
    """Put Zoe into what is not written by the warehouse: numbers of a closed day, funnels, sharing, catalogue, live state, letters."""
    connection.execute("UPDATE site_days SET closed = true WHERE day = %s", [DAY])
    build_day(connection, site.site_no, DAY)
    connection.execute("UPDATE visitor_days SET lasting = lasting")  # notes whose rows changed
    site_no, seen = site.site_no, instant("2026-11-20 10:00")
    connection.execute("INSERT INTO funnels (funnel_id, site_no, definition) VALUES ('f', %s, '{}')", [site_no])
    attempts = [Attempt(Person(False, user_key(name)), (seen, seen + 9)) for name in (OTHER, WHO)]
    connection.execute(
        "INSERT INTO funnel_days SELECT funnel_no, %(day)s, false, 1, 0, %(persons)s, %(entries)s, %(taken)s, %(gaps)s FROM funnels",
        {"day": DAY, **pack(attempts)},
    )
    for name in (WHO, OTHER):
        connection.execute(
            "INSERT INTO sharing_alerts VALUES (%s, gen_random_uuid(), %s, %s, 'device_spike', 'low', 1, 2, '{}', 3)",
            [site_no, name, user_key(name)],
        )
        connection.execute("INSERT INTO media_users VALUES (%s, %s, %s, %s)", [site_no, name, user_key(name), name])
        connection.execute(
            "INSERT INTO session_users SELECT %s, %s, count(*) FROM session_users", [site_no, user_key(name)]
        )
        trait = [site_no, name, json.dumps(name), seen, f"{name}-told", DAY]
        connection.execute("INSERT INTO user_traits VALUES (%s, %s, 'name', %s, %s, %s, %s)", trait)
    trusted = [site_no, ["tv-of-zoe", "tv"], [WHO, OTHER]]
    connection.execute("INSERT INTO sharing_trusted VALUES (%s, %s, '{}', %s)", trusted)
    connection.execute("INSERT INTO anchors VALUES (%s, %s) ON CONFLICT DO NOTHING", [site_no, user_key(WHO)])
    alert = connection.execute("SELECT alert_id::text FROM sharing_alerts WHERE user_id = %s", [WHO]).fetchall()[0][0]
    dynamo.put_item("outbox", {"pk": "site", "sk": f"{alert}#low", "message": json.dumps({"user": WHO})})
    now = time.time_ns() // 1000
    for name, device in ((WHO, "tv-of-zoe"), (OTHER, "tv")):
        item = SessionItem("movie", "film", device_id=device)
        fields = SessionFields(f"play-{name}", "start", item, Spot(ADDRESS if name == WHO else None))
        live.claim("site", name, item, f"play-{name}", now, now)
        live.record("site", Call(now, 0, 1, name, fields), now)
        live.point("site", f"other-{name}", f"play-{name}", now)
    bodies = [
        json.dumps({"event_type": "x", "user_id": WHO}).encode(),
        json.dumps({"event_type": "x", "user_id": OTHER}).encode(),
        f'{{broken, "user_id": "{WHO}"'.encode(),
        encode(stamped("page_view", "2026-11-20 10:00", user_id=WHO)),
    ]
    letters = [
        DeadLetter(
            "site", Reason.INVALID, Stage.INGEST, body, now, position=n, event_id=f"{WHO}-{n}" if n != 1 else None
        )
        for n, body in enumerate(bodies)
    ]
    dead_letters.record(letters)


def ask(method: str, path: str, status: int) -> Any:
    answer = users.handler(request(method, path, caller=key("site", "admin")), None)
    assert answer["statusCode"] == status, answer
    return json.loads(answer["body"])


def figures(connection: Connection) -> dict[str, list[Any]]:
    """Return all that is counted of a site."""
    return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in FIGURES}


def rows_of_others(connection: Connection, person: str) -> dict[str, list[Any]]:
    """Return the rows of another person who is told apart by a user id."""
    wanted = [f"%{text}%" for text in forms(person)]
    return {
        table: sorted(
            row for (row,) in connection.execute(f"SELECT t::text FROM {table} t WHERE t::text LIKE ANY(%s)", [wanted])
        )
        for table in (
            "visitor_days",
            "visitor_numbers",
            "sessions",
            "session_calls",
            "media_users",
            "user_traits",
            "sharing_alerts",
        )
    }


@pytest.fixture
def lived(connection: Connection, site: SiteRecord) -> Connection:
    """Return the database in which Zoe and Ben have left their traces, in every place there is."""
    keep(connection, LIFE)
    fill_the_rest(connection, site)
    return connection


def test_every_place_that_can_hold_a_person_is_searched_here(lived: Connection, empty_aws: Aws) -> None:
    """A new table with persons in it has to be put into `life` or `fill_the_rest`, and so under the test of erasure below."""
    assert personal_tables(lived) - tables_with(lived, TRACES) == set()
    assert items_with(empty_aws, TRACES) >= {"sessions", "outbox", "dead-letters", "dead-letters/"}


def test_no_byte_is_left_and_no_figure_changes(lived: Connection, site: SiteRecord, empty_aws: Aws) -> None:
    before, others = figures(lived), rows_of_others(lived, OTHER)
    asked = ask("DELETE", f"/api/v1/users/{WHO}", 202)
    assert asked["status"] == "pending"
    assert schedule.handler({}, None)["persons"] == 1
    assert tables_with(lived, TRACES) == set()
    assert items_with(empty_aws, TRACES) == set()
    assert figures(lived) == before
    assert rows_of_others(lived, OTHER) == others
    with lived.transaction():
        gate.close(lived, site.site_no)
        assert len(recount_day(lived, site.site_no, DAY, repair=False)) == 0
    done = ask("GET", "/api/v1/erasures", 200)["results"]
    assert [one["erasure_id"] for one in done] == [asked["erasure_id"]]
    assert done[0]["status"] == "done"
    assert done[0]["replaced"].keys() >= {"events", "sessions", "dead_letters", "live_sessions", "outbox"}
    assert dead_letters.total(["site"], now=time.time_ns() // 1000) == 4


def test_what_others_have_stays_in_the_other_stores(lived: Connection, empty_aws: Aws) -> None:
    ask("DELETE", f"/api/v1/users/{WHO}", 202)
    schedule.handler({}, None)
    now = time.time_ns() // 1000
    assert [one.user_id for one in live.listed("site", now)] == [OTHER]
    letters = dead_letters.of_site("site")
    assert [body.strip() != b"" for body in dead_letters.bodies(letters)].count(True) == 1
    assert lived.execute("SELECT users, devices FROM sharing_trusted").fetchall() == [([OTHER], ["tv"])]


def test_late_events_and_repetitions_do_not_bring_the_person_back(
    lived: Connection, site: SiteRecord, empty_aws: Aws
) -> None:
    """The figures are those of a site where nobody was erased; what happens after the erasure is the person's anew."""
    late = [
        stamped("page_view", "2026-11-20 10:02:30", anonymous_id=BROWSER, person=None, user_id=WHO, path="/late"),
        stamped("video_progress", "2026-11-20 11:00:55", anonymous_id=BROWSER, session_id=f"s-{WHO}", position=55.0),
        session_call("beat", "2026-11-20 20:30", session=f"play-{WHO}", user=WHO, device_id="tv-of-zoe"),
    ]
    schedule_erasure()
    again = [replace(event, received=event.received + 3_600_000_000) for event in [*late, *life()]]
    keep(lived, again)
    assert tables_with(lived, TRACES) == set()
    kept = [event for event in [*LIFE, *again] if event.kind != "session"]
    assert not differences(count(kept), stored(lived, site.site_no))
    keep(lived, [stamped("page_view", time.time_ns() // 1000 + 60_000_000, user_id=WHO, person="new")])
    assert "events" in tables_with(lived, [WHO])


def schedule_erasure() -> None:
    ask("DELETE", f"/api/v1/users/{WHO}", 202)
    schedule.handler({}, None)


def test_stopped_half_way_it_goes_on_where_it_was(
    lived: Connection, empty_aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("DELETE", f"/api/v1/users/{WHO}", 202)
    with monkeypatch.context() as patch:
        patch.setattr(erasure.letters, "blank", lambda *_: number("stopped") / 0)
        with pytest.raises(ExceptionGroup):
            schedule.handler({}, None)
    assert ask("GET", "/api/v1/erasures", 200)["results"][0]["status"] == "pending"
    schedule.handler({}, None)
    assert ask("GET", "/api/v1/erasures", 200)["results"][0]["status"] == "done"
    assert tables_with(lived, TRACES) == set()
    assert items_with(empty_aws, TRACES) == set()


def test_asked_twice_it_is_one_and_nothing_is_left_to_do(lived: Connection, empty_aws: Aws) -> None:
    first = ask("DELETE", f"/api/v1/users/{WHO}", 202)
    assert ask("DELETE", f"/api/v1/users/{WHO}", 202)["erasure_id"] == first["erasure_id"]
    assert schedule.handler({}, None)["persons"] == 1
    assert schedule.handler({}, None)["due"] == 0
    schedule_erasure()
    assert len(ask("GET", "/api/v1/erasures", 200)["results"]) == 1
    assert tables_with(lived, TRACES) == set()


def test_an_unknown_user_is_erased_as_well(connection: Connection, site: SiteRecord, empty_aws: Aws) -> None:
    """Events of theirs may be on the way."""
    schedule_erasure()
    assert ask("GET", "/api/v1/erasures", 200)["results"][0]["replaced"] == {}
    keep(connection, [stamped("page_view", "2026-11-20 10:00", user_id=WHO)])
    assert tables_with(connection, [WHO]) == set()


def test_an_idle_run_asks_no_postgres(empty_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    assert schedule.handler({}, None)["due"] == 0
