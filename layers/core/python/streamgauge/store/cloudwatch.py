"""CloudWatch: the newest value of a metric."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from streamgauge.store import wire
from streamgauge.store.errors import StoreRefusedError

if TYPE_CHECKING:
    from datetime import datetime

_OK: Final = 200
_POINT: Final = re.compile(r"<member>(.*?)</member>", re.DOTALL)
_AVERAGE: Final = re.compile(r"<Average>([0-9.eE+-]+)</Average>")
_TIME: Final = re.compile(r"<Timestamp>([^<]+)</Timestamp>")


def newest(namespace: str, metric: str, dimension: tuple[str, str], since: datetime, until: datetime) -> float | None:
    """Return the average of the last minute that has one; None when none has. Raises StoreAwayError."""
    request = {
        "Action": "GetMetricStatistics",
        "Version": "2010-08-01",
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions.member.1.Name": dimension[0],
        "Dimensions.member.1.Value": dimension[1],
        "StartTime": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "EndTime": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Period": "60",
        "Statistics.member.1": "Average",
    }
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = urlencode(request).encode()
    reply = wire.retried("monitoring", lambda: wire.exchange("monitoring", "POST", "/", "", headers, body), 2)
    if reply.status != _OK:
        raise StoreRefusedError("monitoring", str(reply.status), reply.body[:500].decode(errors="replace"))
    return read_newest(reply.body.decode())


def read_newest(answer: str) -> float | None:
    """Return the value with the latest time in an answer, whatever its order."""
    points: list[tuple[str, float]] = []
    for member in _POINT.findall(answer):
        average, moment = _AVERAGE.search(member), _TIME.search(member)
        if average and moment:
            points.append((moment[1], float(average[1])))
    return max(points)[1] if points else None
