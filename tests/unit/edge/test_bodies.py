import base64

import pytest
from streamgauge.edge.bodies import MAX_BYTES, MAX_DEPTH, as_json, with_clean_path
from streamgauge.errors import (
    NotFoundError,
    OutOfBoundsError,
    StreamgaugeError,
    TooLargeError,
    UnreadableError,
    UnsupportedMediaError,
)

from tests.support.requests import request


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/", "/"),
        ("/health/", "/health"),
        ("/health//", "/health"),
        ("/v/a b", "/v/a b"),
        ("/v/100%41", "/v/100%41"),
        ("/v/100%2541", "/v/100%41"),
        ("/v/é", "/v/é"),
    ],
)
def test_a_path_has_one_form(path, clean) -> None:
    event = with_clean_path(request("GET", path))
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == clean


def test_an_id_keeps_the_slash_that_it_ends_with() -> None:
    event = {**request("GET", "/videos//watch/"), "routeKey": "GET /videos/{videoId+}"}
    assert with_clean_path(event)["rawPath"] == "/videos//watch/"


@pytest.mark.parametrize("path", ["/a\nb", "/a\x00", "/a\x7f", "/a\udcff"])
def test_paths_that_lead_nowhere(path) -> None:
    with pytest.raises(NotFoundError):
        with_clean_path(request("GET", path))


@pytest.mark.parametrize("query", ["a=%00", "%00=a", "limit=1&x=a%00b"])
def test_a_query_that_no_store_can_hold(query) -> None:
    with pytest.raises(OutOfBoundsError):
        with_clean_path(request("GET", "/a", query=query))


def body(text: str, **headers: str) -> dict[str, object]:
    return request("POST", "/a", body=text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", UnreadableError),
        ("{} {}", UnreadableError),
        ("\ufeff{}", UnreadableError),
        ('{"a": NaN}', UnreadableError),
        ('{"a": Infinity}', UnreadableError),
        ('{"a": -Infinity}', UnreadableError),
        ('{"a": ' + "9" * 5000 + "}", UnreadableError),
        (nested(MAX_DEPTH + 1), UnreadableError),
        (nested(100_000), UnreadableError),
        ('{"a":' * 100_000, UnreadableError),
        ('{"a": "\\u0000"}', OutOfBoundsError),
        ('{"a": "\\ud800"}', OutOfBoundsError),
        ('{"\\ud800": 1}', OutOfBoundsError),
        ('[["\\u0000"]]', OutOfBoundsError),
        ('"' + "é" * (MAX_BYTES // 2) + '"', TooLargeError),
        ('"' + "a" * (MAX_BYTES * 3) + '"', TooLargeError),
    ],
)
def test_bodies_that_cannot_be_taken(text, error) -> None:
    with pytest.raises(error):
        as_json(body(text))


def test_a_body_in_base64_is_read() -> None:
    event = body(base64.b64encode('{"a": "é"}'.encode()).decode())
    cleaned = as_json({**event, "isBase64Encoded": True})
    assert (cleaned["body"], cleaned["isBase64Encoded"]) == ('{"a": "é"}', False)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x1f\x8b\x08"])
def test_bytes_that_are_no_text(raw) -> None:
    event = body(base64.b64encode(raw).decode())
    with pytest.raises(UnreadableError):
        as_json({**event, "isBase64Encoded": True})


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "text/plain", "application/ld+json", ""]
)
def test_kinds_that_are_json(kind) -> None:
    assert as_json(body("{}", content_type=kind))["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["text/html", "application/x-www-form-urlencoded", "multipart/form-data", "image/png"])
def test_kinds_that_are_not(kind) -> None:
    with pytest.raises(UnsupportedMediaError):
        as_json(body("{}", content_type=kind))


@pytest.mark.parametrize(
    "event", [request("POST", "/a"), request("GET", "/a", body="{"), request("DELETE", "/a", body="{")]
)
def test_no_body_or_one_that_means_nothing_is_left_alone(event) -> None:
    assert as_json(event) is event


def test_the_deepest_body() -> None:
    assert as_json(body(nested(MAX_DEPTH)))
    assert issubclass(UnreadableError, StreamgaugeError)
