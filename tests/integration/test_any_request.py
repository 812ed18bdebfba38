"""Requests made up from the published description: never a 5xx, and no answer outside its schema."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from streamgauge.edge.openapi import document

from infra.catalog import CATALOG
from tests.support.aws import serving
from tests.support.container import forget
from tests.support.requests import key, request
from tests.support.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.core import NotSet
    from schemathesis.generation import GenerationMode

NOW = 1_780_000_000_000_000
DOCUMENT = document(
    sorted(
        function.handler.removesuffix(".handler")
        for function in CATALOG
        if function.routes and function.module not in {"api/docs", "api/authorizer"}
    )
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

quietly = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(scope="module")
def stage(new_database: Callable[[], str]) -> Iterator[tuple[Service, str]]:
    """Return a service with a site that has some traffic, and its server key."""
    service = Service()
    with pytest.MonkeyPatch.context() as patch, serving() as aws:
        aws.reset()
        service.install(patch, new_database(), aws.url)
        service.clock.now = NOW
        raw = service.add_site("blog", "Europe/Berlin", ["example.org"])["server"]
        kinds = (
            {"url": "/a"},
            {"event_type": "signup", "properties": {"plan": "x"}},
            {"event_type": "video_start", "video_id": "v"},
        )
        for n in range(30):
            event = {
                "event_type": "page_view",
                **kinds[n % 3],
                "anonymous_id": f"{n % 7}",
                "context": {"ip": "81.2.69.142"},
            }
            assert service.send(event, write_key=raw).status == 202
        service.flow()
        yield service, raw
        forget()


@st.composite
def calls(draw: Any) -> Any:
    """Make up a call of any operation, by its description or against it, mostly of the site that exists."""
    operation = draw(st.sampled_from(OPERATIONS))
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(MODES))))
    site = draw(st.sampled_from([True, True, True, False]))
    for name in case.path_parameters or {}:
        if site and name in {"website_id", "site_id"}:
            case.path_parameters[name] = "blog"
    return case


@given(case=calls())
@hypothesis.settings(max_examples=400, **quietly)
def test_a_few_hundred_requests(stage, case):
    ask(*stage, case)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@given(case=calls())
@hypothesis.settings(max_examples=10_000, **quietly)
def test_ten_thousand_requests(stage, case):
    ask(*stage, case)


def ask(service: Service, raw: str, case: Any) -> None:
    """Send a call and hold its answer to the description."""
    event = event_of(case, raw)
    answer = service.route(event)
    told = f"{case.method} {event['rawPath']}?{event['rawQueryString']} {event['body']!r}: {answer.status} {answer.text[:500]}"
    hypothesis.event(str(answer.status))
    assert answer.status < 500, told
    responses = DOCUMENT["paths"][case.operation.path][case.method.lower()]["responses"]
    assert str(answer.status) in responses, told
    content = responses[str(answer.status)].get("content")
    if content is None:
        assert not answer.text, told
        return
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in content, f"{kind} {told}"
    if kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
        problems = [error.message for error in Draft202012Validator(schema).iter_errors(answer.json)]
        assert not problems, f"{problems[0]} {told}"


def event_of(case: Any, raw: str) -> dict[str, Any]:
    """Return a call as the HTTP API hands it on: path decoded, query as one text."""
    path = unquote(case.formatted_path, errors="replace").replace("\ufffd", "?")
    query = case.query if isinstance(case.query, dict) else {}
    pairs = [(name, one) for name, value in query.items() for one in (value if isinstance(value, list) else [value])]
    text = "&".join(f"{quote(str(name), safe='')}={quote(_text(one), safe='')}" for name, one in pairs)
    headers = {str(name).lower(): str(value) for name, value in (case.headers or {}).items()}
    if case.media_type:
        headers["content-type"] = case.media_type
    headers["authorization"] = f"Bearer {raw}"
    body = None if isinstance(case.body, NotSet) else _body(case.body)
    event = request(case.method, path, body=body, caller=key("*", "admin"), query=text, headers=headers)
    event["queryStringParameters"] = {
        str(name): ",".join(_text(one) for n, one in pairs if n == name) for name, _ in pairs
    }
    return event


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _body(body: Any) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body)
