from __future__ import annotations

import base64
import gzip
import json

import pytest

from infra.local import gateway
from infra.local.gateway import Request, Route, Router

ROUTER = Router(
    [
        Route("GET /api/v1/sites/{id}", "sites"),
        Route("GET /api/v1/sites/{id}/keys", "keys"),
        Route("DELETE /api/v1/sites/{id}/keys/{key_id}", "drop"),
        Route("GET /api/v1/sites/special", "special"),
        Route("ANY /api/{proxy+}", "greedy"),
        Route("POST /api/events", "ingest"),
        Route("ANY /api/anything", "any"),
        Route("$default", "default"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("POST", "/api/events", "ingest", {}),
        ("POST", "//api/events", "ingest", {}),
        ("GET", "/api/events", "greedy", {"proxy": "events"}),
        ("POST", "/api/events/", "greedy", {"proxy": "events/"}),
        ("GET", "/api/v1/sites/special", "special", {}),
        ("GET", "/api/v1/sites/blue", "sites", {"id": "blue"}),
        ("GET", "/api/v1/sites/blue/keys", "keys", {"id": "blue"}),
        ("DELETE", "/api/v1/sites/a b/keys/k1", "drop", {"id": "a b", "key_id": "k1"}),
        ("PATCH", "/api/anything", "any", {}),
        ("GET", "/other", "default", {}),
    ],
)
def test_the_most_specific_route_answers(method, path, function, parameters):
    found = ROUTER.find(method, path)
    assert found is not None
    assert (found[0].function, found[1]) == (function, parameters)


def test_without_a_default_route_nothing_answers():
    router = Router([Route("GET /health", "health")])
    assert router.find("GET", "/other") is None
    assert router.find("POST", "/health") is None
    assert router.knows("/health")
    assert not router.knows("/other")


def test_a_greedy_route_is_no_paths_own():
    assert ROUTER.find("GET", "/api/v1/other", default=False) is None
    assert not ROUTER.knows("/api/v1/other")
    assert ROUTER.find("GET", "/api/v1/sites/blue", default=False) is not None


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("/a%20b", "/a b"),
        ("/a%2Fb", "/a/b"),
        ("/a%252Eb", "/a%252Eb"),
        ("/caf%C3%A9", "/café"),
        ("/%FF", "/\ufffd"),
        ("/100%", "/100%"),
    ],
)
def test_paths_are_decoded_as_the_gateway_does(raw, decoded):
    assert gateway.decoded_path(raw) == decoded


def event(request: Request, parameters=None):
    return gateway.event(request, Route("POST /x", "f"), parameters or {}, "api1", "10.0.0.1")


def test_the_event_joins_repeated_headers_and_query_values_and_takes_cookies_apart():
    made = event(
        Request(
            "POST",
            "/x%20y",
            "a=1&a=2&b=%C3%A9&c",
            [("X-One", "1"), ("x-one", "2"), ("Cookie", "a=b; c=d"), ("Content-Type", "application/json")],
            b'{"n": 1}',
        ),
        {"id": "7"},
    )
    assert made["version"] == "2.0"
    assert made["rawPath"] == "/x y"
    assert made["rawQueryString"] == "a=1&a=2&b=%C3%A9&c"
    assert made["queryStringParameters"] == {"a": "1,2", "b": "é", "c": ""}
    assert made["headers"] == {"x-one": "1,2", "content-type": "application/json"}
    assert made["cookies"] == ["a=b", "c=d"]
    assert made["pathParameters"] == {"id": "7"}
    assert (made["body"], made["isBase64Encoded"]) == ('{"n": 1}', False)
    assert made["requestContext"]["http"]["sourceIp"] == "10.0.0.1"
    json.dumps(made)


def test_an_empty_request_has_neither_body_nor_query():
    made = event(Request("GET", "/x", "", []))
    assert not {"body", "queryStringParameters", "cookies", "pathParameters"} & set(made)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("content-type", "application/json"), ("content-encoding", "gzip")], gzip.compress(b"{}")),
        ([("content-type", "application/json")], gzip.compress(b"{}")),
        ([("content-type", "application/json")], b'{"a": "\xff"}'),
        ([("content-type", "application/octet-stream")], b"plain"),
        ([], b"plain"),
    ],
)
def test_bodies_that_are_no_text_arrive_byte_for_byte(headers, body):
    made = event(Request("POST", "/x", "", headers, body))
    assert made["isBase64Encoded"]
    assert base64.b64decode(made["body"]) == body


def test_the_authorizer_sees_no_body():
    asked = gateway.authorizer_event(event(Request("POST", "/x", "", [("authorization", "Bearer k")], b"secret")))
    assert asked["type"] == "REQUEST"
    assert asked["headers"] == {"authorization": "Bearer k"}
    assert asked["routeArn"].endswith("/$default/POST/x")
    assert "body" not in asked


def test_answers_of_functions():
    text = gateway.answer({"statusCode": 201, "headers": {"Content-Type": "text/csv", "X-N": 3}, "body": "a,b"})
    assert (text.status, text.body) == (201, b"a,b")
    assert dict(text.headers) == {"content-type": "text/csv", "x-n": "3"}
    assert gateway.answer({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}).body == b"\x00\xff"
    cookies = gateway.answer({"statusCode": 204, "cookies": ["a=1", "b=2"]})
    assert [value for name, value in cookies.headers if name == "set-cookie"] == ["a=1", "b=2"]
    bare = gateway.answer({"ok": True})
    assert (bare.status, json.loads(bare.body)) == (200, {"ok": True})


@pytest.mark.parametrize(
    "payload",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"no": "text"}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["no"]},
    ],
)
def test_a_malformed_answer_is_a_500(payload):
    assert gateway.answer(payload).status == 500


def test_cross_origin_headers():
    cors = {"allowOrigins": ["*"], "allowMethods": ["GET", "POST"], "allowHeaders": ["authorization"], "maxAge": 600}
    assert dict(gateway.preflight(cors, "https://site.example").headers) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "600",
    }
    assert gateway.cross_origin({"allowOrigins": ["https://one.example"]}, "https://two.example") == []
    every = {"allowOrigins": ["https://*"], "allowCredentials": True}
    told = [("access-control-allow-origin", "https://two.example"), ("access-control-allow-credentials", "true")]
    assert gateway.cross_origin(every, "https://two.example") == told
    assert gateway.cross_origin(every, "capacitor://localhost") == []
    assert gateway.cross_origin(cors, "") == []


def test_a_problem_is_readable():
    answer = gateway.problem(413, "Content Too Large", "A request may have 10 MB.")
    assert json.loads(answer.body)["status"] == 413
