"""Keys: where they may stand, what they open, and how often they may be used."""

import base64

import pytest

from tests.support.ingest_door import Door

VIEW = {"event_type": "page_view", "url": "https://example.org/a/?x=1#top", "anonymous_id": "ann"}
SECOND = 1_000_000


def batch(*events: object) -> dict[str, object]:
    return {"events": list(events)}


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({"authorization": "bearer w"}, {}, {}),
        ({"x-write-key": "w"}, {}, {}),
        ({"authorization": "Basic " + base64.b64encode(b"w:").decode()}, {}, {}),
        ({}, {"key": "w"}, {}),
        ({}, {}, {"writeKey": "w"}),
        ({}, {}, {"api_key": "w"}),
        ({"authorization": "Bearer None", "x-write-key": "w"}, {}, {}),
    ],
)
def test_where_a_key_may_stand(
    door: Door, headers: dict[str, str], query: dict[str, str], body: dict[str, str]
) -> None:
    assert door.send({**VIEW, **body}, key=None, headers=headers, query=query).status == 202
    assert (
        door.send(
            {**batch(VIEW), **body}, key=None, headers=headers, query=query, path="/api/v1/analytics/event/batch"
        ).status
        == 202
    )


@pytest.mark.parametrize(
    ("headers", "query", "body", "status"),
    [
        ({}, {}, VIEW, 401),
        ({"authorization": "Bearer nobody"}, {}, VIEW, 401),
        ({"authorization": "Bearer nobody"}, {"key": "w"}, VIEW, 401),
        ({"authorization": "Bearer \ud800"}, {}, VIEW, 401),
        ({"authorization": "Basic !!"}, {}, VIEW, 401),
        ({"authorization": "Basic /w=="}, {}, VIEW, 401),
        ({"authorization": "Digest w"}, {}, VIEW, 401),
        ({"x-write-key": "w" * 5000}, {}, VIEW, 401),
        ({}, {}, {**VIEW, "writeKey": ["w"]}, 401),
        ({}, {}, '{"writeKey": "w", NaN}', 401),
        ({"authorization": "Bearer r"}, {}, VIEW, 403),
        ({"authorization": "Bearer a"}, {}, VIEW, 403),
        ({"authorization": "Bearer gone"}, {}, VIEW, 403),
    ],
)
def test_who_may_not_send(
    door: Door, headers: dict[str, str], query: dict[str, str], body: object, status: int
) -> None:
    answer = door.send(body, key=None, headers=headers, query=query)
    assert answer.status == status
    assert answer.json["status"] == status
    assert not door.letters, "counted, not kept"
    assert not door.records


def test_sites_of_keys(door: Door) -> None:
    assert door.send({**VIEW, "website_id": "blog"}).status == 202
    foreign = door.send({**VIEW, "website_id": "shop"})
    assert (foreign.status, foreign.json["results"][0]["code"]) == (422, "wrong_site")
    assert door.letters[-1].site == "blog"
    nameless = door.send(VIEW, key="all")
    assert (nameless.status, nameless.json["results"][0]["code"]) == (422, "invalid")
    assert door.letters[-1].site == "-"
    unknown = door.send({**VIEW, "website_id": "nowhere"}, key="all")
    assert unknown.json["results"][0]["code"] == "unknown_site"
    assert door.send(VIEW, key="all", query={"website_id": "shop"}).status == 202
    assert [event.site for event in door.events] == ["blog", "shop"]


def test_rates(door: Door, environment: pytest.MonkeyPatch) -> None:
    door.install(environment, ANALYTICS_RATE_LIMIT_PER_IP="3", ANALYTICS_RATE_LIMIT_PER_KEY="5")
    assert [door.send(VIEW).status for _ in range(4)] == [202, 202, 202, 429]
    assert [door.send(VIEW, address="203.0.113.8").status for _ in range(2)] == [202, 202]
    refused = door.send(VIEW, address="203.0.113.9")
    assert refused.status == 429, "five of the key went through; the refused one did not count"
    assert int(refused.headers["retry-after"]) == 61
    assert not door.letters
    assert [door.send(VIEW, key="s").status for _ in range(6)] == [202] * 5 + [429], "addresses count for write keys"
    door.now += 60 * SECOND
    assert door.send(VIEW).status == 202
