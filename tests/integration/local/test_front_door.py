"""The front door over real sockets, before a stand-in of MiniStack that says back what a function was given."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from infra.local.front_door import FrontDoor, Settings, application
from infra.local.postgres import free_port

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:{}"
ROUTES = {
    "POST /echo": ("echo", False),
    "GET /closed/{id}": ("echo", True),
    "GET /broken": ("broken", False),
}


class Cloud:
    """Answers like MiniStack: the API's description, and invocations."""

    def __init__(self):
        self.invoked: list[tuple[str, dict]] = []

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path
        if path.endswith("/invocations"):
            name = path.split("/")[3]
            event = json.loads(await request.read())
            self.invoked.append((name, event))
            if name == "authorizer":
                return web.json_response({"isAuthorized": True, "context": {"scope": "read"}})
            if name == "broken":
                return web.json_response({"errorMessage": "no"}, headers={"X-Amz-Function-Error": "Unhandled"})
            return web.json_response(
                {
                    "statusCode": 202,
                    "headers": {"X-Echo": "1", "Access-Control-Allow-Origin": "*"},
                    "body": json.dumps(event),
                }
            )
        if path.endswith("/routes"):
            items = [
                {
                    "routeKey": key,
                    "target": f"integrations/{function}",
                    **({"authorizationType": "CUSTOM", "authorizerId": "a1"} if closed else {}),
                }
                for key, (function, closed) in ROUTES.items()
            ]
        elif path.endswith("/integrations"):
            items = [{"integrationId": name, "integrationUri": FUNCTION.format(name)} for name in ("echo", "broken")]
        elif path.endswith("/authorizers"):
            uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION.format('authorizer')}/invocations"
            items = [{"authorizerId": "a1", "authorizerUri": uri}]
        else:
            # In MiniStack's spelling.
            return web.json_response({"corsConfiguration": {"AllowOrigins": ["https://*"], "AllowMethods": ["POST"]}})
        return web.json_response({"items": items})


async def serve(stack: AsyncExitStack, app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()


@pytest.fixture
def ask(tmp_path):
    """Return a function that sends one request through a front door and returns (status, headers, body, cloud)."""

    async def go(method, path, trust, files, request):
        cloud = Cloud()
        cloud_port, port = free_port(), free_port()
        settings = Settings(
            port=port,
            endpoint=f"http://127.0.0.1:{cloud_port}",
            api_id="api1",
            socket_api_id=None,
            origin_secret="s3cret",
            trust_forwarded=trust,
            home=tmp_path,
            **files,
        )
        async with AsyncExitStack() as stack:
            inner = web.Application(client_max_size=20_000_000)
            inner.router.add_route("*", "/{path:.*}", cloud.handle)
            await serve(stack, inner, cloud_port)
            session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
            door = FrontDoor(settings, session)
            await door.load()
            await serve(stack, application(door), port)
            url = URL(f"http://127.0.0.1:{port}{path}", encoded=True)
            async with session.request(method, url, allow_redirects=False, **request) as answer:
                return answer.status, answer.headers.copy(), await answer.read(), cloud

    def one(method, path, *, trust=False, pages=(), page=None, **request):
        return asyncio.run(go(method, path, trust, {"pages": dict(pages), **(page or {})}, request))

    return one


def told(cloud) -> dict:
    return cloud.invoked[-1][1]


def test_only_the_front_door_says_who_the_viewer_is(ask):
    headers = {"X-Viewer-Ip": "6.6.6.6", "x-origin-secret": "guess", "X-Forwarded-For": "7.7.7.7"}
    status, answer, _, cloud = ask("POST", "/echo", headers=headers)
    assert (status, answer["x-echo"]) == (202, "1")
    given = told(cloud)["headers"]
    assert given["x-viewer-ip"] == "127.0.0.1"
    assert given["x-origin-secret"] == "s3cret"
    assert given["x-forwarded-for"] == "7.7.7.7, 127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "viewer"),
    [("7.7.7.7, 8.8.8.8", "7.7.7.7"), ("nonsense", "127.0.0.1"), ("2001:db8::1", "2001:db8::1")],
)
def test_a_forwarded_address_counts_when_it_is_trusted(ask, forwarded, viewer):
    *_, cloud = ask("POST", "/echo", trust=True, headers={"X-Forwarded-For": forwarded})
    assert told(cloud)["headers"]["x-viewer-ip"] == viewer


def test_a_gzip_body_arrives_byte_for_byte(ask):
    body = gzip.compress(b'{"a": 1}')
    *_, cloud = ask(
        "POST", "/echo", data=body, headers={"content-type": "application/json", "content-encoding": "gzip"}
    )
    assert told(cloud)["isBase64Encoded"]
    assert base64.b64decode(told(cloud)["body"]) == body
    assert told(cloud)["headers"]["content-encoding"] == "gzip"


def test_the_authorizer_is_asked_first(ask):
    status, _, body, cloud = ask("GET", "/closed/a%20b?x=1", headers={"authorization": "Bearer k"})
    assert status == 202
    assert [name for name, _ in cloud.invoked] == ["authorizer", "echo"]
    event = json.loads(body)
    assert event["requestContext"]["authorizer"] == {"lambda": {"scope": "read"}}
    assert event["pathParameters"] == {"id": "a b"}


def test_one_trailing_slash_is_taken_off(ask):
    status, *_, cloud = ask("POST", "/echo/")
    assert (status, told(cloud)["rawPath"]) == (202, "/echo")
    assert ask("POST", "/echo//")[0] == 404


def test_what_no_function_answers_is_a_problem(ask):
    for method, path, expected in (("GET", "/none", 404), ("DELETE", "/echo", 405)):
        status, headers, body, _ = ask(method, path)
        assert status == expected
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["status"] == expected


def test_more_than_ten_megabytes_are_refused(ask):
    status, headers, body, cloud = ask("POST", "/echo", data=io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)))
    assert (status, json.loads(body)["status"], cloud.invoked) == (413, 413, [])
    assert headers["content-type"] == "application/problem+json"


def test_a_failed_function_is_a_500_without_its_reason(ask):
    status, _, body, _ = ask("GET", "/broken")
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


def test_preflights_are_answered_by_the_gateway(ask):
    status, headers, _, cloud = ask("OPTIONS", "/echo", headers={"Origin": "https://a.example"})
    assert (status, headers["access-control-allow-origin"], cloud.invoked) == (204, "https://a.example", [])


def test_a_function_has_no_say_in_cors(ask):
    for origin, allowed in (("https://a.example", ["https://a.example"]), ("http://a.example", [])):
        _, headers, _, _ = ask("POST", "/echo", headers={"Origin": origin})
        assert headers.getall("access-control-allow-origin", []) == allowed


def test_the_dashboards_files_are_served_and_nothing_above_them(ask, tmp_path):
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>dashboard")
    (folder / "assets" / "app.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    status, headers, body, _ = ask("GET", "/", pages={"/": folder})
    assert (status, headers["content-type"], body) == (200, "text/html; charset=utf-8", b"<p>dashboard")
    assert ask("GET", "/assets/app.js", pages={"/": folder})[2] == b"1"
    assert ask("HEAD", "/", pages={"/": folder})[0] == 200
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        assert ask("GET", path, pages={"/": folder})[0] == 404
    assert b"not built" in ask("GET", "/")[2]


def test_the_page_is_bound_by_its_policy_and_told_its_issuer(ask, tmp_path):
    (tmp_path / "index.html").write_text("<p>dashboard")
    page = {"page_headers": {"content-security-policy": "default-src 'none'"}, "page_configuration": {"issuer": "x"}}
    assert ask("GET", "/", pages={"/": tmp_path}, page=page)[1]["content-security-policy"] == "default-src 'none'"
    status, headers, body, _ = ask("GET", "/config.json", pages={"/": tmp_path}, page=page)
    assert (status, headers["content-type"], body) == (200, "application/json", b'{"issuer": "x"}')
    assert ask("GET", "/config.json")[2] == b"{}"


def test_the_tracker_is_served_under_its_own_path(ask, tmp_path):
    for name in ("tracker", "dashboard"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.js").write_text(name)
    pages = {"/tracker/": tmp_path / "tracker", "/": tmp_path / "dashboard"}
    status, headers, body, _ = ask("GET", "/tracker/tracker.js", pages=pages)
    assert (status, headers["content-type"], body) == (200, "text/javascript; charset=utf-8", b"tracker")
    assert ask("GET", "/dashboard.js", pages=pages)[2] == b"dashboard"
    assert ask("GET", "/tracker/dashboard.js", pages=pages)[0] == 404
    assert ask("GET", "/tracker/../dashboard/dashboard.js", pages=pages)[0] == 404


def test_without_a_websocket_api_there_is_none(ask):
    assert ask("GET", "/ws")[0] == 404
