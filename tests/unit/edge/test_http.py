import json
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel
from streamgauge import errors
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord
from streamgauge.edge.http import ADMIN, OPEN, READ, application, bypasses_cache, cached, caller, site_for, site_named
from streamgauge.edge.parameters import ReportParameters
from streamgauge.edge.problems import STATUS

from tests.support.requests import key, request

app = application()
RAISED: list[Exception] = []


class Row(BaseModel):
    name: str
    n: float


class Report(BaseModel):
    site: str
    results: list[Row]


class Order(BaseModel):
    name: str
    n: int = 0


@app.get("/report/<website_id>", security=READ)
def report(website_id: str, asked: Annotated[ReportParameters, Query()]) -> Report:
    site = site_for(app, "read", website_id)
    return Report(site=site.site_id, results=[Row(name="=1+1", n=asked.limit)])


@app.get("/own", security=READ)
def own() -> dict[str, Any]:
    return {"site": site_for(app, "read").site_id, "principal": caller(app).principal}


@app.post("/order", security=ADMIN)
def order(body: Order) -> Order:
    return body


@app.get("/open/<name>", security=OPEN)
def open_to_all(name: str) -> Any:
    return cached({"name": name, "fresh": bypasses_cache(app)}, 30)


@app.get("/public/<name>", security=OPEN)
def public(name: str) -> dict[str, str]:
    return {"zone": site_named(name).timezone}


@app.get("/raise")
def raise_it() -> None:
    raise RAISED[0]


@app.get("/broken")
def broken() -> Report:
    return {"results": "none"}


@app.get("/nan")
def nan() -> dict[str, float]:
    return {"a": float("nan"), "b": float("inf")}


@pytest.fixture(autouse=True)
def _sites(table) -> None:
    for site_id in ("blog", "shop"):
        registry.project_site(SiteRecord(site_id, 1, site_id, "UTC", (), {}, b"s"))


def ask(*args: Any, **kwargs: Any) -> tuple[int, Any]:
    answer = app.resolve(request(*args, **kwargs), None)
    status = answer["statusCode"]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    body = json.loads(answer["body"])
    if status >= 400:
        assert headers["content-type"] == "application/problem+json"
        assert headers["cache-control"] == "no-store"
        assert body["status"] == status
        assert {"type", "title", "detail"} <= set(body)
        assert "Traceback" not in answer["body"]
    return status, body


OPENS = {"write": set(), "server": set(), "read": {"read"}, "admin": {"read", "admin"}}


@pytest.mark.parametrize("scope", OPENS)
@pytest.mark.parametrize("site", ["blog", "shop", "*"])
def test_scopes_and_sites(scope, site) -> None:
    reading = ask("GET", "/report/blog", caller=key(site, scope))[0]
    assert reading == (200 if "read" in OPENS[scope] and site in ("blog", "*") else 403)
    administering = ask("POST", "/order", caller=key(site, scope), body={"name": "a"})[0]
    assert administering == (200 if "admin" in OPENS[scope] else 403)


def test_nobody_is_told_more_than_that_credentials_are_needed() -> None:
    for path in ("/report/blog", "/report/nowhere", "/own"):
        assert ask("GET", path)[0] == 401
    assert ask("GET", "/report/blog", query="limit=0")[0] == 401
    assert ask("POST", "/order", body="{")[0] == 401
    answer = app.resolve(request("GET", "/own"), None)
    assert answer["headers"]["www-authenticate"] == "Bearer"


def test_another_site_is_refused_whether_it_exists_or_not() -> None:
    known = ask("GET", "/report/shop", caller=key("blog", "read"))
    unknown = ask("GET", "/report/nowhere", caller=key("blog", "read"))
    assert known == unknown
    assert known[0] == 403


def test_a_key_for_all_sites_learns_that_there_is_no_such_site() -> None:
    assert ask("GET", "/report/nowhere", caller=key("*", "read"))[0] == 404


def test_without_a_site_in_the_path_it_is_the_keys() -> None:
    assert ask("GET", "/own", caller=key("blog", "read")) == (200, {"site": "blog", "principal": "key_1"})
    assert ask("GET", "/own", caller=key("blog", "read"), query="website_id=shop")[0] == 403
    status, body = ask("GET", "/own", caller=key("*", "admin"))
    assert (status, body["errors"][0]["loc"]) == (422, ["query", "website_id"])
    assert ask("GET", "/own", caller=key("*", "admin"), query="website_id=shop")[1]["site"] == "shop"


def test_a_request_past_the_front_door_is_refused() -> None:
    assert ask("GET", "/open/a", headers={"x-origin-secret": "wrong"})[0] == 403


@pytest.mark.parametrize("path", ["/open/a/", "/open/a b", "/open/a%20b", "/open/😀", "/open/\"'#?", "/open/=%2B"])
def test_ids_in_paths_are_any_text(path) -> None:
    assert ask("GET", path)[0] == 200


def test_unknown_paths_and_wrong_methods() -> None:
    assert ask("GET", "/nothing")[0] == 404
    assert ask("GET", "/open/a/b")[0] == 404
    assert ask("DELETE", "/order", caller=key("*", "admin"))[0] == 405
    assert app.resolve(request("DELETE", "/order"), None)["headers"]["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "status", "locations"),
    [
        ({"name": "a", "n": 1}, 200, None),
        (None, 422, [["body"]]),
        ({}, 422, [["body", "name"]]),
        ({"name": "a", "n": "x"}, 422, [["body", "n"]]),
        ({"name": 5, "n": []}, 422, [["body", "name"], ["body", "n"]]),
        ([], 422, [["body"]]),
        ("5", 422, [["body"]]),
        ("{", 400, None),
        ('{"name": "\\ud800"}', 422, [["body"]]),
        ('{"name": "a", "n": 1e400}', 422, [["body", "n"]]),
        ('{"name": "a", "n": ' + "9" * 4000 + "}", 200, None),
    ],
)
def test_bodies(body, status, locations) -> None:
    got, answer = ask("POST", "/order", caller=key("*", "admin"), body=body)
    assert got == status
    if locations is not None:
        assert [error["loc"] for error in answer["errors"]] == locations
        assert all(error["msg"] for error in answer["errors"])


def test_wrong_parameters_are_named_by_their_own_names() -> None:
    status, body = ask("GET", "/report/blog", caller=key("blog", "read"), query="limit=0&period=1d&limit=2")
    assert status == 422
    assert [error["loc"] for error in body["errors"]] == [["query", "period"], ["query", "limit"]]


def test_other_kinds_of_bodies() -> None:
    for kind, status in (("text/plain", 200), ("application/xml", 415), ("application/x-www-form-urlencoded", 415)):
        got = ask("POST", "/order", caller=key("*", "admin"), body={"name": "a"}, headers={"content-type": kind})[0]
        assert got == status


@pytest.mark.parametrize("error", STATUS)
def test_each_error_has_its_status(error, capsys) -> None:
    more = [7] if error is errors.TooManyRequestsError else []
    RAISED[:] = [error("Said to the caller.", *more)]
    status, body = ask("GET", "/raise")
    assert (status, body["detail"]) == (STATUS[error][0], "Said to the caller.")
    assert not capsys.readouterr().out


def test_every_error_class_has_a_status() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.StreamgaugeError)
    ]
    assert set(kinds) - {errors.StreamgaugeError} == set(STATUS)


def test_when_to_come_back_is_told() -> None:
    for error, seconds in ((errors.UnavailableError("Away.", 9), "9"), (errors.TooManyRequestsError("Slow.", 3), "3")):
        RAISED[:] = [error]
        assert app.resolve(request("GET", "/raise"), None)["headers"]["retry-after"] == seconds


def test_our_own_errors_are_told_to_the_log_alone(capsys) -> None:
    for path in ("/raise", "/broken"):
        RAISED[:] = [KeyError("password of the database")]
        status, body = ask("GET", path)
        assert status == 500
        assert "password" not in json.dumps(body)
    assert "password of the database" in capsys.readouterr().out


def test_a_database_away_is_503() -> None:
    psycopg = pytest.importorskip("psycopg")
    for error in (psycopg.OperationalError("secret host"), psycopg.InterfaceError(), psycopg.errors.QueryCanceled()):
        RAISED[:] = [error]
        status, body = ask("GET", "/raise")
        assert status == 503
        assert "secret" not in json.dumps(body)


def test_a_store_away_is_503(table) -> None:
    registry.forget()
    table.away = True
    assert ask("GET", "/report/blog", caller=key("blog", "read"))[0] == 503
    assert ask("GET", "/own", caller={"reason": "away"})[0] == 503


def test_an_answer_may_be_kept_by_its_caller_alone() -> None:
    answer = app.resolve(request("GET", "/open/a"), None)
    assert answer["headers"]["Cache-Control"] == "private, max-age=30"
    assert answer["headers"]["Vary"] == "Accept, Authorization"
    assert (
        app.resolve(request("GET", "/report/blog", caller=key("*", "read")), None)["headers"]["Cache-Control"]
        == "no-store"
    )
    assert ask("GET", "/open/a", headers={"cache-control": "No-Cache"})[1]["fresh"] is True
    assert ask("GET", "/open/a")[1]["fresh"] is False


def test_csv_is_a_report_in_another_dress() -> None:
    event = request("GET", "/report/blog", caller=key("*", "read"), headers={"accept": "text/csv"})
    answer = app.resolve(event, None)
    assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["body"] == "name,n\r\n'=1+1,10.0\r\n"


def test_csv_does_not_hide_problems() -> None:
    assert ask("GET", "/report/nowhere", caller=key("*", "read"), headers={"accept": "text/csv"})[0] == 404


def test_json_has_no_nan() -> None:
    assert ask("GET", "/nan") == (200, {"a": None, "b": None})


def test_open_routes_need_nobody() -> None:
    assert ask("GET", "/public/blog") == (200, {"zone": "UTC"})
    assert ask("GET", "/public/nowhere")[0] == 404
