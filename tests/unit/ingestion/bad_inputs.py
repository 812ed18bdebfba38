"""A list of bad inputs, by name.

`EVENTS` are single events (raw JSON text) that must be refused and lose no neighbour; `BODIES` are whole bodies that must be
refused with a 4xx problem.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

GOOD = {"event_type": "page_view", "url": "https://example.org/good", "event_id": "good"}


def _with(**fields: object) -> bytes:
    return json.dumps({"event_type": "page_view", "url": "/x", **fields}).encode()


def _video(**properties: object) -> bytes:
    return json.dumps({"event_type": "video_progress", "video_id": "v", "properties": properties}).encode()


def _raw(name: str, value: bytes, kind: bytes = b"page_view") -> bytes:
    return b'{"event_type":"%s","url":"/x","video_id":"v","%s":%s}' % (kind, name.encode(), value)


EVENTS: dict[str, bytes] = {
    "number": b"5",
    "text": b'"page_view"',
    "null": b"null",
    "true": b"true",
    "list": b"[]",
    "list of events": b'[{"event_type":"page_view","url":"/"}]',
    "empty object": b"{}",
    "bare NaN": b"NaN",
    "minus Infinity": b"-Infinity",
    "word": b"hello",
    "single quotes": b"{'event_type':'page_view'}",
    "trailing comma": b'{"event_type":"page_view","url":"/",}',
    "no colon": b'{"event_type" "page_view"}',
    "comment": b'{"event_type":"page_view",/* x */"url":"/"}',
    "name without quotes": b'{event_type:"page_view"}',
    "doubled comma": b'{"event_type":"page_view",,"url":"/"}',
    "hexadecimal": b'{"event_type":"signup","properties":{"n":0x10}}',
    "leading zero": b'{"event_type":"signup","properties":{"n":007}}',
    "plus sign": b'{"event_type":"signup","properties":{"n":+1}}',
    "bare point": b'{"event_type":"signup","properties":{"n":.5}}',
    "point without digits": b'{"event_type":"signup","properties":{"n":1.}}',
    "upper-case TRUE": b'{"event_type":"signup","interactive":TRUE}',
    "bad escape": b'{"event_type":"page_view","url":"\\x41"}',
    "short unicode escape": b'{"event_type":"page_view","url":"\\u12"}',
    "tab in a string": b'{"event_type":"page_view","url":"a\tb"}',
    "line break in a string": b'{"event_type":"page_view","url":"a\nb"}',
    "NUL byte in a string": b'{"event_type":"page_view","url":"a\x00b"}',
    "NUL byte outside": b'{"event_type":\x00"page_view"}',
    "escaped NUL in a name": b'{"event_type":"signup","properties":{"a\\u0000":1}}',
    "escaped NUL in metadata": b'{"event_type":"signup","metadata":["\\u0000"]}',
    "escaped NUL after a backslash": b'{"event_type":"signup","metadata":"\\\\\\u0000"}',
    "escaped NUL in an unknown field": b'{"event_type":"signup","other":"\\u0000"}',
    "lone high surrogate": b'{"event_type":"signup","properties":{"a":"\\ud800"}}',
    "lone low surrogate": b'{"event_type":"signup","properties":{"a":"\\udc00"}}',
    "swapped surrogates": b'{"event_type":"signup","metadata":"\\udc00\\ud800"}',
    "surrogate before text": b'{"event_type":"signup","user_id":"\\ud83dx"}',
    "surrogate in a name": b'{"event_type":"signup","properties":{"\\ud800":1}}',
    "surrogate in an unknown field": b'{"event_type":"signup","other":"\\ud800"}',
    "invalid UTF-8": b'{"event_type":"signup","title":"\xff\xfe"}',
    "overlong UTF-8": b'{"event_type":"signup","title":"\xc0\xaf"}',
    "UTF-8 of a surrogate": b'{"event_type":"signup","title":"\xed\xa0\x80"}',
    "cut UTF-8": b'{"event_type":"signup","title":"\xe2\x82"}',
    "invalid UTF-8 in an unknown field": b'{"event_type":"signup","other":"\xff"}',
    "UTF-8 beyond Unicode": b'{"event_type":"signup","title":"\xf5\x80\x80\x80"}',
    "10 000 deep lists": _raw("metadata", b"[" * 10_000 + b"]" * 10_000),
    "10 000 deep objects": _raw("metadata", b'{"a":' * 4_000 + b"1" + b"}" * 4_000),
    "deep in properties": _raw("properties", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"),
    "deep in context": _raw("context", b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"),
    "deep in an unknown field": _raw("other", b"[" * 5_000 + b"]" * 5_000),
    "deep and broken": _raw("metadata", b"[" * 3_000 + b"NaN" + b"]" * 3_000),
    "5 000-digit number": _raw("metadata", b"1" * 5_000),
    "5 000-digit negative number": _raw("metadata", b"-" + b"9" * 5_000),
    "5 000-digit position": _raw("properties", b'{"position":' + b"1" * 5_000 + b"}", b"video_progress"),
    "number beyond doubles": _raw("metadata", b"1e400"),
    "negative number beyond doubles": _raw("metadata", b"-1e999"),
    "exponent of 5 000 digits": _raw("metadata", b"1e" + b"9" * 5_000),
    "NaN in properties": _raw("properties", b'{"a":NaN}'),
    "Infinity in metadata": _raw("metadata", b"[Infinity]"),
    "minus Infinity in a position": _raw("properties", b'{"position":-Infinity}', b"video_progress"),
    "larger than 32 KB": _raw("metadata", b'"' + b"x" * 33_000 + b'"'),
    "a string of 900 KB": _raw("metadata", b'"' + b"x" * 900_000 + b'"'),
    "20 000 properties": _raw("properties", b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}"),
}

for _field in (
    "event_id",
    "anonymous_id",
    "user_id",
    "session_id",
    "url",
    "referrer",
    "title",
    "screen",
    "language",
    "website_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "video_id",
    "content_id",
):
    EVENTS[f"{_field} as number"] = _with(**{_field: 5})
    EVENTS[f"{_field} as list"] = _with(**{_field: ["a"]})
    EVENTS[f"{_field} too long"] = _with(**{_field: "x" * 4_097})
    EVENTS[f"{_field} as object"] = _with(**{_field: {"a": 1}})

for _field in ("timestamp", "sent_at"):
    for _time in (
        "",
        "now",
        "2026",
        "2026-05-28",
        "28.05.2026 20:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-05-28T25:00:00Z",
        "2026-05-28T20:61:00Z",
        "2026-05-28T20:00:00+99:00",
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "\uff12\uff10\uff12\uff16-05-28T20:00:00Z",
    ):
        EVENTS[f"{_field} {_time!r}"] = _with(**{_field: _time})
    for _number in (1_780_000_000, -1, 1e300, True, [], {}):
        EVENTS[f"{_field} as {_number!r}"] = _with(**{_field: _number})

EVENTS["year 1"] = _with(timestamp="0001-01-01T00:00:00+23:59")
EVENTS["a year ago"] = _with(timestamp="2025-05-28T20:00:00Z")
EVENTS["31 days ago"] = _with(timestamp="2026-04-27T20:00:00Z")
EVENTS["clocks a century apart"] = _with(timestamp="1926-05-28T20:00:00Z", sent_at="2026-05-28T20:00:00Z")
EVENTS["history with a write key"] = _with(historical=True, timestamp="2026-05-28T20:00:00Z")
EVENTS["historical as text"] = _with(historical="yes")
EVENTS["interactive as number"] = _with(interactive=0)
EVENTS["empty event_id"] = _with(event_id="")
EVENTS["another site"] = _with(website_id="shop")
EVENTS["properties as list"] = _with(properties=[1])
EVENTS["properties as text"] = _with(properties="a=1")
EVENTS["context as list"] = _with(context=[])
EVENTS["context as text"] = _with(context="1.2.3.4")
EVENTS["no event_type"] = b'{"url":"/x"}'
EVENTS["empty event_type"] = _with(event_type="")
EVENTS["event_type null"] = _with(event_type=None)
EVENTS["event_type as number"] = _with(event_type=1)
EVENTS["event_type too long"] = _with(event_type="e" * 101)
EVENTS["page view without url"] = b'{"event_type":"page_view"}'
EVENTS["page view with a blank url"] = b'{"event_type":"pageview","url":"  "}'
EVENTS["video event without video"] = b'{"event_type":"video_start"}'
EVENTS["video event with an empty video"] = b'{"event_type":"seek","video_id":""}'

for _field in ("position", "duration", "bitrate", "from", "to", "buffer_seconds", "startup_time"):
    EVENTS[f"{_field} negative"] = _video(**{_field: -1})
    EVENTS[f"{_field} as text"] = _video(**{_field: "12"})
    EVENTS[f"{_field} beyond all bounds"] = _video(**{_field: 1e300})
    EVENTS[f"{_field} as truth"] = _video(**{_field: True})
    EVENTS[f"{_field} as list"] = _video(**{_field: [1]})
EVENTS["quality as number"] = _video(quality=1080)
EVENTS["quality too long"] = _video(quality="q" * 65)
EVENTS["fatal as number"] = _video(fatal=1)
EVENTS["browser as object"] = _video(browser={})

_BOMB = gzip.compress(b"[" + b" " * 20_000_000 + b"]")

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "empty list": b"[]",
    "number": b"5",
    "null": b"null",
    "text": b'"hello"',
    "word": b"hello",
    "form": b"event_type=page_view&url=/",
    "XML": b"<event/>",
    "unclosed object": b'{"event_type":"page_view"',
    "unclosed list": b'[{"event_type":"page_view"}',
    "unclosed string": b'[{"event_type":"page_view}]',
    "closed too often": b'[{"event_type":"page_view"}]]',
    "two lists": b'[{"event_type":"a"}][{"event_type":"b"}]',
    "two objects": b'{"event_type":"a"}{"event_type":"b"}',
    "lone quote in a list": b'["]',
    "quotes without end": b'["' + b'\\"' * 400_000,
    "quotes that open and close": b"[" + b'"' * 900_001,
    "brackets without end": b"[" * 1_000_000,
    "closing brackets": b"]" * 1_000_000,
    "501 events": b"[" + b",".join([b'{"event_type":"a"}'] * 501) + b"]",
    "501 broken events": b"[" + b",".join([b"{NaN}"] * 501) + b"]",
    "200 000 commas": b"[" + b"," * 200_000 + b"]",
    "half a million numbers": b"[" + b"1," * 500_000 + b"1]",
    "larger than 1 MB": b"[" + b" " * 1_048_576 + b"]",
    "much larger than 1 MB": b"[" + b" " * 5_000_000 + b"]",
    "UTF-16": '[{"event_type":"a"}]'.encode("utf-16"),
    "gzip bomb": _BOMB,
    "gzip bomb in two members": gzip.compress(b" " * 1_000_000) + gzip.compress(b" " * 1_000_000),
    "gzip in gzip": gzip.compress(gzip.compress(b'[{"event_type":"a"}]')),
    "gzip cut off": gzip.compress(b'[{"event_type":"a"}]' * 100)[:-9],
    "gzip head alone": b"\x1f\x8b",
    "gzip with a wrong sum": gzip.compress(b'[{"event_type":"a"}]')[:-8] + b"\0" * 8,
    "gzip with a tail": gzip.compress(b'[{"event_type":"a"}]') + b"tail",
    "gzip of nothing, many times": gzip.compress(b"") * 10_000,
    "deflate without head": b"\x78\x9c\x4b\x04\x00",
    "single event larger than 32 KB": _with(metadata="x" * 33_000),
}


def of_batch() -> dict[str, Any]:
    """Return bodies that are no batch."""
    return {
        "no events": b"{}",
        "events null": b'{"events":null}',
        "events as object": b'{"events":{}}',
        "events as text": b'{"events":"[]"}',
        "events empty": b'{"events":[]}',
        "events twice broken": b'{"events":[},"events":]}',
        "501 events": json.dumps({"events": [GOOD] * 501}).encode(),
        "events under another name": b'{"batch":[{"event_type":"a"}]}',
        "name without end": b'{"events',
        "value without end": b'{"events":[',
        "colon missing": b'{"events" [1]}',
        "number as name": b"{5:[1]}",
    }
