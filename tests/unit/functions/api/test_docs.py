import json
from pathlib import Path

import pytest
from streamgauge.edge.openapi import write

from functions.api import docs
from tests.support.requests import request

EVENTS = Path(__file__).parents[4] / "events" / "http" / "docs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("docs")
    write(made, ["functions.api.docs", "functions.api.health", "functions.api.admin"])
    return made


@pytest.fixture(autouse=True)
def _packed(environment, folder) -> None:
    environment.setattr(docs, "FOLDER", folder)


def ask(method: str, path: str, **headers: str) -> dict:
    return docs.handler(
        request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}), None
    )


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.json/"])
def test_the_description_is_served(path) -> None:
    answer = ask("GET", path)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["openapi"] == "3.1.0"
    assert answer["headers"]["content-type"] == "application/json"


def test_the_page_is_served() -> None:
    answer = ask("GET", "/docs")
    assert answer["statusCode"] == 200
    assert answer["body"].startswith("<!doctype html>")
    assert answer["headers"]["x-frame-options"] == "DENY"


def test_what_has_not_changed_is_not_sent_again() -> None:
    tag = ask("GET", "/docs")["headers"]["etag"]
    assert ask("GET", "/docs", if_none_match=tag) | {"headers": 0} == {
        "statusCode": 304,
        "headers": 0,
        "body": "",
        "isBase64Encoded": False,
    }
    assert ask("GET", "/docs", if_none_match='"old"')["statusCode"] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/", 404, None),
        ("GET", "/docs/../etc/passwd", 404, None),
        ("GET", "/openapi.json\x00", 404, None),
        ("POST", "/docs", 405, "GET"),
        ("PUT", "/api/v1/sites", 405, "GET, POST"),
        ("PUT", "/api/v1/sites/blog", 405, "GET, PATCH"),
        ("GET", "/api/v1/sites/blog/else", 404, None),
    ],
)
def test_what_no_route_takes_ends_as_a_problem(method, path, status, allow) -> None:
    answer = ask(method, path)
    assert answer["statusCode"] == status
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["headers"].get("allow") == allow
    assert json.loads(answer["body"])["status"] == status


def test_a_request_past_the_front_door_is_refused() -> None:
    assert ask("GET", "/docs", x_origin_secret="x")["statusCode"] == 403


def test_a_function_packed_without_its_files_says_nothing_of_them(environment, tmp_path, capsys) -> None:
    environment.setattr(docs, "FOLDER", tmp_path)
    answer = ask("GET", "/docs")
    assert answer["statusCode"] == 500
    assert str(tmp_path) not in answer["body"]
    assert capsys.readouterr().out


@pytest.mark.parametrize("name", ["openapi", "page"])
def test_sample_events(environment, name) -> None:
    sample = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    environment.setenv("ORIGIN_SECRET", sample["headers"]["x-origin-secret"])
    assert docs.handler(sample, None)["statusCode"] == 200
