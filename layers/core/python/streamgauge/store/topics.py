"""Amazon SNS: a message to everybody who subscribed to a topic."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from streamgauge.store import wire
from streamgauge.store.errors import StoreRefusedError

MOST_SUBJECT: Final = 100
_OK: Final = 200


def publish(topic_arn: str, subject: str, message: str) -> None:
    """Publish a message; `subject` is what a mail has above it. Raises StoreAwayError, StoreRefusedError."""
    request = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": topic_arn,
        # SNS takes ASCII without control characters.
        "Subject": subject.encode("ascii", "replace").decode()[:MOST_SUBJECT],
        "Message": message,
    }
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = urlencode(request).encode()
    reply = wire.retried("sns", lambda: wire.exchange("sns", "POST", "/", "", headers, body))
    if reply.status != _OK:
        raise StoreRefusedError("sns", str(reply.status), reply.body[:500].decode(errors="replace"))
