"""The cases as data: read from `cases/*.yaml`, sent to a service, and compared with what it answers.

A case is a site. Its `events` are requests to the API, each received `at` a local time of the site's zone (so that is the
event's time, unless it says otherwise with `timestamp`). What is no field of the API stands for the request: `key` (write,
server), `ip`, `agent` (by the names below), and what is answered: `status`, `code`. `ask` names a report with its query, or gives a path; every
other field of an expectation is compared with the answer: mappings may leave fields out, lists may not leave rows out. `rows`
are the rows of a list or time series that are not all zero, by name, date or hour; `names` are those of all its rows, `count` how
many these are; `first_points` are the first of a curve. `funnels` are made before the reports are asked for; `{name}` in a path
stands for the id of one, and `people` are those of its steps.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.support.requests import key, request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.support.service import Service

FOLDER: Final = Path(__file__).with_name("cases")
AGENTS: Final = {
    "chrome": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "none": "",
}
_OF_THE_REQUEST: Final = frozenset({"at", "key", "ip", "agent", "status", "code"})
_NAMES: Final = ("name", "date", "hour", "bucket")
_PARTS: Final = ("results", "timeseries")


class _Loader(yaml.SafeLoader):
    """Reads times as the texts that they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if not tag.endswith("timestamp")]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load() -> list[dict[str, Any]]:
    """Return every case, with the file that it stands in."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        found += [{**case, "file": path.stem} for case in yaml.load(path.read_text(encoding="utf-8"), _Loader)]
    return found


def name_of(case: Mapping[str, Any]) -> str:
    """Return how pytest shows a case."""
    return f"{case['file']}: {case['case']}"


def moment(text: str, zone: str) -> int:
    """Return microseconds of a local time, or of one with an offset."""
    local = datetime.fromisoformat(text)
    aware = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))
    assert aware.astimezone(ZoneInfo("UTC")).astimezone(aware.tzinfo).replace(tzinfo=None) == aware.replace(tzinfo=None)
    return round((aware - datetime.fromisoformat("1970-01-01T00:00:00+00:00")).total_seconds() * 1e6)


def send(service: Service, case: Mapping[str, Any], site: str) -> None:
    """Make the case's site and send its events, each when it is received; hold the answers to what they should be."""
    zone = case.get("zone", "UTC")
    keys = service.add_site(site, zone, case.get("domains", ()))
    for number, given in enumerate(case["events"]):
        event = {name: value for name, value in given.items() if name not in _OF_THE_REQUEST}
        event.setdefault("event_type", "page_view")
        service.clock.now = moment(given["at"], zone)
        answer = service.send(
            event,
            write_key=keys[given.get("key", "write")],
            address=given.get("ip", "203.0.113.7"),
            agent=AGENTS[given.get("agent", "chrome")],
        )
        where = f"event {number + 1}: {answer.text}"
        assert answer.status == given.get("status", 202), where
        if "code" in given:
            assert answer.json["results"][0]["code"] == given["code"], where
    letters = [letter.reason.value for letter in service.letters if letter.site == site]
    assert letters == case.get("dead_letters", letters)
    if "now" in case:
        service.clock.now = moment(case["now"], zone)


def _make_funnels(service: Service, case: Mapping[str, Any], site: str) -> dict[str, str]:
    """Make the funnels of a case anew and return their ids by name."""
    made = {}
    for name, definition in case.get("funnels", {}).items():
        body = {"name": name, **definition}
        answer = service.route(request("POST", "/api/v1/funnels", caller=key(site, "admin"), body=body))
        assert answer.status == 201, answer.text
        made[name] = answer.json["funnel_id"]
    return made


def check(service: Service, case: Mapping[str, Any], site: str) -> None:
    """Ask for the reports of a case and compare."""
    funnels = _make_funnels(service, case, site)
    for expected in case["expect"]:
        report, _, query = expected["ask"].format(**funnels).partition("?")
        path = report if report.startswith("/") else f"/api/v1/analytics/{report}/{site}"
        answer = service.get(path, query, site=site)
        assert answer.status == expected.get("status", 200), f"{expected['ask']}: {answer.text}"
        body = answer.json
        for name, wanted in expected.items():
            if name in {"ask", "status"}:
                continue
            found = _derived(name, body)
            differences = list(compare(wanted, found, f"{expected['ask']}: {name}"))
            assert not differences, "\n".join(differences)


def _derived(name: str, body: Mapping[str, Any]) -> Any:
    if name == "first_points":
        return body["points"][:2]
    if name == "people":
        return [row["people"] for row in body["steps"]]
    if name not in {"rows", "names", "count"}:
        return body.get(name)
    rows = next(body[part] for part in _PARTS if part in body)
    key = next((key for key in _NAMES if rows and key in rows[0]), "name")
    if name == "count":
        return len(rows)
    if name == "names":
        return [row[key] for row in rows]
    return _Rows({row[key]: row for row in rows if any(value for field, value in row.items() if field != key)})


class _Rows(dict[str, Any]):
    """Rows by name: none may be left out."""


def compare(wanted: Any, found: Any, where: str) -> Iterable[str]:
    """Yield what differs."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        yield from _compare_fields(wanted, found, where)
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{where}: {len(wanted)} rows wanted, {len(found)} found: {found}"
        for number, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield from compare(one, other, f"{where}[{number}]")
    elif isinstance(wanted, float) and isinstance(found, int | float):
        if found != pytest.approx(wanted, rel=1e-6):
            yield f"{where}: {wanted} wanted, {found} found"
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield f"{where}: {wanted!r} wanted, {found!r} found"


def _compare_fields(wanted: Mapping[str, Any], found: Mapping[str, Any], where: str) -> Iterator[str]:
    if isinstance(found, _Rows) and wanted.keys() != found.keys():
        yield f"{where}: {sorted(wanted)} wanted, {sorted(found)} found"
    for name, value in wanted.items():
        if name in found:
            yield from compare(value, found[name], f"{where}.{name}")
        elif not isinstance(found, _Rows):
            yield f"{where}.{name} is missing"
