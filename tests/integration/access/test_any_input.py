"""Whatever a client sends to the function `admin`, the answer is never a 5xx, and always the one that was published."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from streamgauge.edge.openapi import document

from functions.api import admin
from tests.support.requests import key, request

DOCUMENT = document(["functions.api.admin"])
ADMIN_OF_ALL = key("*", "admin")

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "blog",
            "*",
            "UTC",
            "Europe/Berlin",
            "\x00",
            "a\x00b",
            "\ud800",
            "=1+1",
            "' OR 1=1 --",
            "x" * 5000,
            "é😀",
            "%00",
        ]
    ),
)
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([2**63, -(2**63) - 1, 10**4000, 1e400]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
names = st.sampled_from(
    ["name", "site_id", "timezone", "domains", "settings", "scope", "view_window", "catalog_strict", "more"]
)
bodies = st.one_of(
    st.dictionaries(names, values, max_size=6).map(json.dumps), values.map(json.dumps), st.text(max_size=50)
)
parts = st.one_of(texts, st.sampled_from(["blog", "keys", "sites"]))
paths = st.one_of(
    st.sampled_from(
        ["/api/v1/sites", "/api/v1/accounting", "/api/v1/sites/blog", "/api/v1/sites/blog/keys", "/api/v1/sites/*/keys"]
    ),
    parts.map(lambda part: f"/api/v1/sites/{part}"),
    st.tuples(parts, parts).map(lambda two: f"/api/v1/sites/{two[0]}/keys/{two[1]}"),
)
queries = st.dictionaries(
    st.sampled_from(["website_id", "startDate", "endDate", "period", "limit", "cursor"]) | texts, texts, max_size=4
)


@pytest.mark.usefixtures("api")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]), path=paths, body=st.none() | bodies, query=queries)
def test_no_input_is_our_fault(method, path, body, query) -> None:
    event = {**request(method, path, body=body, caller=ADMIN_OF_ALL), "queryStringParameters": query}
    answer = admin.handler(event, None)
    assert answer["statusCode"] < 500, (method, path, body, query)
    published = published_answers(event)
    if published is not None:
        assert str(answer["statusCode"]) in published, (method, path, body, query)
        check_body(published[str(answer["statusCode"])], answer)


def published_answers(event: dict) -> dict | None:
    """Return the answers that the description has for a request; None for one that it does not know."""
    path = event["rawPath"].rstrip("/")
    for template, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return operations.get(event["requestContext"]["http"]["method"].lower(), {}).get("responses")
    return None


def check_body(published: dict, answer: dict) -> None:
    """Hold a body to its schema."""
    if "content" not in published:
        assert not answer["body"]
        return
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    schema = published["content"][headers["content-type"]]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(json.loads(answer["body"]))
