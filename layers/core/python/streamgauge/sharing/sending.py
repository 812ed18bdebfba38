"""How an alert leaves: to live connections, to the site's webhook, signed, and to the stage's topic. Whoever gets a message twice knows it by its id."""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge import telemetry
from streamgauge.access import registry
from streamgauge.settings import settings
from streamgauge.sockets import pushing
from streamgauge.store import topics, webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamgauge.access.registry import SiteRecord

ATTEMPTS: Final = 3
PAUSE_SECONDS: Final = 0.5

_REMEMBERED: Final = 1000
_gone: Final[dict[tuple[str, str], None]] = {}
"""Which messages have gone which way, as far as this container remembers: one shard feeds one container at a time."""

_REDIRECT: Final = 300
_SERVER_ERROR: Final = 500
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})


class Message:
    """An item of the outbox: `text` is what a webhook gets."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self.text: str = item["message"]
        content = msgspec.json.decode(self.text)
        self.id: str = content["id"]
        self.kind: str = content["type"]
        self.site_id: str = content["site_id"]
        self.payload: dict[str, Any] = content["payload"]


def send(message: Message) -> None:
    """Send a message every way that is set up, whether or not another fails; one that comes again goes the ways that did.

    Raises what the first of them failed with, OSError or UnavailableError as a rule: the message has to come again.
    """
    site = registry.find_site(message.site_id)
    if site is None:
        return
    failures: list[Exception] = []
    for channel in CHANNELS:
        way = message.id, channel.__name__
        if way in _gone:
            continue
        try:
            channel(message, site)
        except Exception as error:  # noqa: BLE001 - raised below, once the other ways are gone
            failures.append(error)
        else:
            _gone[way] = None
            if len(_gone) > _REMEMBERED:
                del _gone[next(iter(_gone))]
    if failures:
        raise failures[0]


def forget() -> None:
    """Forget which messages this container has sent."""
    _gone.clear()


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Return the value of `streamgauge-signature`: HMAC-SHA256 over `{seconds}.{body}`, with the time that it was made."""
    made = hmac.new(secret.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
    return f"t={seconds},v1={made}"


def to_live(message: Message, site: SiteRecord) -> None:
    """Push a message to the live connections that asked for alerts; nobody waits for them."""
    pushing.push(site.site_id, "sharing_alert", message.payload)


def to_webhook(message: Message, site: SiteRecord) -> None:
    """Post a message to the site's webhook, where it has one with a secret."""
    address, secret = site.settings.get("alert_webhook_url"), site.settings.get("alert_webhook_secret")
    if not address or not secret:
        return
    body = message.text.encode()
    trusting = settings().text("STREAMGAUGE_STAGE", "") == "local"
    for attempt in range(ATTEMPTS):
        now = int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "streamgauge",
            "streamgauge-id": message.id,
            "streamgauge-signature": signature(secret, body, now),
        }
        last = attempt == ATTEMPTS - 1
        try:
            status = webhooks.post(address, body, headers, trusting=trusting)
        except (webhooks.RefusedAddressError, ValueError) as error:
            _log("an alert has nowhere to go", message, str(error))
            return
        except OSError:
            if last:
                raise
        else:
            if status < _SERVER_ERROR and status not in _WORTH_ANOTHER_TRY:
                if status >= _REDIRECT:
                    # A redirect is not followed; what is refused once is refused again.
                    _log("the webhook did not take an alert", message, str(status))
                return
            if last:
                raise OSError(f"the webhook answered {status}")
        time.sleep(PAUSE_SECONDS * 2**attempt)


def to_topic(message: Message, site: SiteRecord) -> None:
    """Publish a message to the stage's topic (email), where it has one."""
    topic = settings().text("ALERT_TOPIC_ARN", "")
    if not topic:
        return
    alert = message.payload
    subject = f"Streamgauge: {alert['severity']} {alert['alert_type']} on {site.site_id}"
    topics.publish(topic, subject, in_words(message, site))


def in_words(message: Message, site: SiteRecord) -> str:
    """Return a message as a mail says it."""
    alert = message.payload
    evidence = alert["evidence"]
    places = ", ".join(
        " ".join(part for part in (place["city"], place["country"]) if part) or "unnamed"
        for place in evidence["places"]
    )
    lines = [
        f"Site: {site.name} ({site.site_id})",
        f"User: {alert['user_id']}",
        f"Rule: {alert['alert_type']}, severity {alert['severity']}, confidence {evidence['confidence']['level']}",
        *(f"  - {reason}" for reason in evidence["confidence"]["reasons"]),
        f"Evidence: {evidence['findings_total']} finding(s) from {evidence['first_at']} to {evidence['last_at']}",
        f"Places: {places or 'none known'}",
        f"Alert: {alert['id']}",
    ]
    return "\n".join(lines)


def _log(text: str, message: Message, why: str) -> None:
    extra = {"message_id": message.id, "site_id": message.site_id, "why": why}
    telemetry.logger().warning(text, extra=extra)


CHANNELS: Final[tuple[Callable[[Message, SiteRecord], None], ...]] = (to_live, to_webhook, to_topic)
"""Every way out, in order."""
