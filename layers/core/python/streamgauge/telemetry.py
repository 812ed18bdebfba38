"""Logs and metrics on standard output: JSON lines and CloudWatch's embedded metric format. Nothing is sent over the network."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from streamgauge.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.logging.types import PowertoolsLogRecord

NAMESPACE: Final = "Streamgauge"


class Metric(StrEnum):
    """Every metric there is: CloudWatch bills each, and ten are free. What each says stands in docs/operate.md."""

    EVENTS_STORED = "EventsStored"
    PLAYBACKS_STARTED = "PlaybacksStarted"
    STORING_DELAY = "StoringDelay"
    REQUESTS_REFUSED = "RequestsRefused"
    EVENTS_REFUSED = "EventsRefused"
    EVENTS_SPILLED = "EventsSpilled"
    RECONCILIATION_DIFFERENCES = "ReconciliationDifferences"
    ACCOUNTING_HOLES = "AccountingHoles"
    WEBSOCKET_CONNECTIONS = "WebSocketConnections"
    SHARING_ALERTS_RAISED = "SharingAlertsRaised"


_GROUPS: Final = r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}"

_SECRETS: Final = (
    # Keys of ours and of trackers, whole tokens, and addresses of people.
    (re.compile(r"\bsg[wsra]_[A-Za-z0-9_-]{8,}"), "[key]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}"), "[token]"),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"), "[address]"),
    (re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"), "[address]"),
    (re.compile(rf"(?<![\w:])(?:{_GROUPS})?::{_GROUPS}(?![\w:])|(?<![\w:]){_GROUPS}::(?![\w:])"), "[address]"),
)

_correlation: Final[list[str]] = []


def correlate(identity: str) -> None:
    """Let every line of the log from now on say to which invocation it belongs: the request's id, a batch's place, a job's slot."""
    _correlation[:] = [identity] if identity else []


def redact(text: str) -> str:
    """Return a text without keys, tokens and IP addresses."""
    for pattern, word in _SECRETS:
        text = pattern.sub(word, text)
    return text


@lru_cache(maxsize=1)
def logger() -> Logger:
    """Return this container's logger: JSON lines, redacted, from LOG_LEVEL up."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - a silent call never pays for it
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter  # noqa: PLC0415

    class Redacting(LambdaPowertoolsFormatter):
        """Writes a line without what must not be in a log."""

        def serialize(self, log: dict[str, Any] | PowertoolsLogRecord) -> str:
            if _correlation:
                log["correlation_id"] = _correlation[0]
            return redact(super().serialize(log))

    level = settings().text("LOG_LEVEL", "info").upper()
    # Lambda knows a level below DEBUG, Python does not.
    level = "DEBUG" if level == "TRACE" else level
    return Logger(service=_service(), level=level, logger_formatter=Redacting(use_rfc3339=True))


@lru_cache(maxsize=1)
def metrics() -> Metrics:
    """Return this container's metrics. The only dimension is the stage: each combination of dimensions costs as a metric."""
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - a silent call never pays for it

    return Metrics(namespace=NAMESPACE, service=_service())


def measure(metric: Metric, value: float, unit: str = "Count") -> None:
    """Add a value to a metric; `flush` writes it."""
    metrics().add_metric(name=metric, unit=unit, value=value)


def flush() -> None:
    """Write the metrics of this invocation as one line, if there are any; entry points call it last."""
    if metrics.cache_info().currsize and metrics().metric_set:
        metrics().flush_metrics()


def _service() -> str:
    return f"streamgauge-{settings().text('STREAMGAUGE_STAGE', 'local')}"
