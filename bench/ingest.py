"""What ingest costs: CPU per event of the whole handler with a real put to a local endpoint, and of a cold start.

`measure()` returns the rows of `make bench`. The endpoint runs in a process of its own and is not counted.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KEY = "sgw_bench"
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)

COLD = """
import time; start = time.process_time()
import bench.ingest as bench
import functions.api.ingest as ingest
bench.open_door(); bench.check(ingest.handler(bench.request(1, 0), None))
print(time.process_time() - start)
"""
BARE = """
import time; start = time.process_time()
import boto3; boto3.client("kinesis")
print(time.process_time() - start)
"""


def event(number: int) -> dict[str, Any]:
    """Return one event: page views, custom events and video progress in turn."""
    common = {"anonymous_id": f"visitor-{number % 500}", "session_id": f"session-{number % 700}", "screen": "1920x1080"}
    match number % 3:
        case 0:
            own: dict[str, Any] = {
                "event_type": "page_view",
                "url": f"https://example.org/articles/{number % 90}?utm_source=letter&utm_medium=email",
                "referrer": "https://www.google.com/",
                "title": "An article",
                "language": "en-GB",
            }
        case 1:
            own = {"event_type": "signup", "url": "https://example.org/join", "properties": {"plan": "pro", "seats": 3}}
        case _:
            own = {
                "event_type": "video_progress",
                "video_id": f"video-{number % 40}",
                "properties": {"position": 12.5 + number, "duration": 3600, "bitrate": 4200, "quality": "1080p"},
            }
    return {**own, **common, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def request(events: int, number: int) -> dict[str, Any]:
    """Return a request as the HTTP API hands it to the function."""
    found = [event(number * events + index) for index in range(events)]
    single = events == 1
    path = "/api/v1/analytics/event" if single else "/api/v1/analytics/event/batch"
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-type": "application/json",
            "host": "example.org",
            "user-agent": AGENTS[number % len(AGENTS)],
            "x-write-key": KEY,
            "x-forwarded-for": "203.0.113.7",
        },
        "requestContext": {"http": {"method": "POST", "path": path, "sourceIp": f"203.0.113.{number % 200}"}},
        "body": json.dumps(found[0] if single else {"events": found}),
        "isBase64Encoded": False,
    }


def open_door() -> None:
    """Put the key, the site and its salts where a warm container has them; DynamoDB is no part of the figure."""
    from streamgauge.access import registry  # noqa: PLC0415
    from streamgauge.access.registry import KeyRecord, SiteRecord  # noqa: PLC0415
    from streamgauge.ingestion import visitors  # noqa: PLC0415

    site = SiteRecord("bench", 1, "bench", "Europe/Berlin", ("example.org",), {}, b"secret")
    registry.find_key = lambda _raw: KeyRecord("key_1", "bench", "write")  # type: ignore[assignment]
    registry.find_site = lambda _site: site  # type: ignore[assignment]
    visitors.salt = lambda _site, day, _now: day.isoformat().encode()  # type: ignore[assignment]


def check(answer: dict[str, Any]) -> None:
    """Stop when the handler did not take everything."""
    if answer["statusCode"] != 202:  # noqa: PLR2004
        raise SystemExit(f"the handler answered {answer}")


def cpu_per_event(events: int, seconds: float = 3.0) -> float:
    """Return microseconds of CPU per event of the warm handler, the median of ten stretches."""
    from functions.api import ingest  # noqa: PLC0415

    open_door()
    requests = [request(events, number) for number in range(300)]
    for one in requests:
        check(ingest.handler(one, None))
    figures = []
    for _ in range(10):
        done, end = 0, time.perf_counter() + seconds / 10
        start = time.process_time()
        while time.perf_counter() < end:
            check(ingest.handler(requests[done % len(requests)], None))
            done += 1
        figures.append((time.process_time() - start) / (done * events) * 1e6)
    return statistics.median(figures)


def cold_cpu(code: str, runs: int = 7) -> float:
    """Return seconds of CPU of a fresh process that runs some code, the median."""
    figures = []
    for _ in range(runs):
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
        figures.append(float(ran.stdout.splitlines()[-1]))
    return statistics.median(figures)


def measure() -> list[dict[str, Any]]:
    """Return the figures of ingest."""
    endpoint = subprocess.Popen(  # noqa: S603
        [sys.executable, str(ROOT / "bench/stub_kinesis.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        if endpoint.stdout is None:
            raise SystemExit("the endpoint has no output")
        os.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{endpoint.stdout.readline().strip()}",
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",  # noqa: S106 - the endpoint checks nothing
            AWS_REGION="eu-central-1",
            AWS_DEFAULT_REGION="eu-central-1",
            STREAM_NAME="events",
            ANALYTICS_RATE_LIMIT_PER_IP="0",
            ANALYTICS_RATE_LIMIT_PER_KEY="0",
        )
        os.environ.pop("ORIGIN_SECRET", None)
        one, fifty = cpu_per_event(1), cpu_per_event(50)
        cold, bare = cold_cpu(COLD), cold_cpu(BARE)
    finally:
        endpoint.terminate()
        endpoint.wait()
    return [
        _row("ingest_cpu_us_per_event", one, "us", "one event a request", 300),
        _row("ingest_cpu_us_per_event_50", fifty, "us", "50 events a request", 40),
        _row("ingest_cold_cpu_ratio", cold / bare, "ratio", f"bare boto3 Kinesis client: {bare * 1000:.0f} ms", 1.0),
    ]


def _row(name: str, value: float, unit: str, reference: str, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "reference": reference,
        "target": target,
        "holds": value <= target,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=1) + "\n")
