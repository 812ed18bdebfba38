r"""Lines of nginx and Apache access logs: from bytes to a request, and which requests are page views. Pure.

Read are the common and the combined format, with a virtual host in front or further fields behind (request time,
forwarded address), and nginx's `$time_iso8601`. Fields are quoted; inside, `\"`, `\\` and `\xHH` are undone.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from typing import Final

_QUOTED: Final = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE: Final = re.compile(
    rb"(?P<who>.+?) \[(?P<time>[0-9][0-9A-Za-z/:+. -]{17,40})\] "
    + _QUOTED.replace(b"(", b"(?P<request>", 1)
    + rb" (?P<status>\d{3}|-) (?P<size>\d+|-)(?P<rest>.*)",
    re.DOTALL,
)
_REFERRER_AND_AGENT: Final = re.compile(rb" " + _QUOTED + rb" " + _QUOTED + rb"(?: .*)?", re.DOTALL)
_LOG_TIME: Final = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
_MONTHS: Final = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)  # noqa: SIM905
}
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([\"\\]))")
_SYSLOG: Final = re.compile(rb"(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [^ ]+ [^ ]+: ")
"""What syslog writes in front of a line."""
_PORT: Final = re.compile(r":\d+$")
_NO_HOST: Final = frozenset({"-", "_"})
_PROTOCOL: Final = re.compile(r"HTTP/[0-9.]+")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PAGE_EXTENSIONS: Final = frozenset({"html", "htm", "php", "asp", "aspx", "jsp"})
_NOT_MODIFIED: Final = 304
_LONGEST_URL: Final = 4096
_LONGEST_AGENT: Final = 1024


class Kind(Enum):
    """What a line is."""

    PAGE_VIEW = "page view"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Request:
    """One readable line. `host` is the address or name at its start; `virtual_host` is named by some formats only.

    `has_agent` is False for the common format, which has neither referrer nor agent.
    """

    host: str
    time: datetime
    method: str
    target: str
    status: int
    referrer: str | None
    agent: str | None
    virtual_host: str | None
    has_agent: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is none of the known formats, and what is wrong with it."""

    reason: str


def parse_line(line: bytes) -> Request | Unreadable:
    """Read one line, without its line end."""
    match = _LINE.fullmatch(line)
    if match is None:
        return Unreadable("not in the common or combined format")
    moment = _time(match["time"].decode("ascii", "replace"))
    if moment is None:
        return Unreadable("its time cannot be read")
    rest = match["rest"]
    referrer = agent = None
    has_agent = '"' in (text := rest.decode("ascii", "replace"))
    if has_agent:
        fields = _REFERRER_AND_AGENT.fullmatch(rest)
        if fields is None:
            return Unreadable("a quote is missing in its referrer or user agent")
        referrer, agent = _optional(fields[1]), _optional(fields[2])
    elif text and not text.startswith(" "):
        return Unreadable("not in the common or combined format")
    host, virtual_host = _who(match["who"])
    method, _, target = undo_escapes(match["request"]).partition(" ")
    return Request(
        host=host,
        time=moment,
        method=method,
        target=_without_protocol(target).strip(" "),
        status=0 if match["status"] == b"-" else int(match["status"]),
        referrer=referrer,
        agent=agent,
        virtual_host=virtual_host,
        has_agent=has_agent,
    )


def _without_protocol(target: str) -> str:
    before, _, protocol = target.rpartition(" ")
    return before if _PROTOCOL.fullmatch(protocol) else target


def kind(request: Request) -> Kind:
    """Say whether a request is a page view: GET, 200-299 or 304, and a last path segment that names a page."""
    answered = request.status // 100 == 2 or request.status == _NOT_MODIFIED  # noqa: PLR2004 - 2xx
    path = target_path(request.target)
    if request.method != "GET" or not answered or path is None:
        return Kind.SKIPPED
    segment = path.rpartition("/")[2]
    _, dot, extension = segment.rpartition(".")
    return Kind.PAGE_VIEW if not dot or extension.lower() in _PAGE_EXTENSIONS else Kind.SKIPPED


def target_path(target: str) -> str | None:
    """Return the path of a request's target without query and fragment; None for a target that has none (`*`, `host:443`)."""
    absolute = _ABSOLUTE.match(target)
    path = re.split(r"[?#]", target[absolute.end() :] if absolute else target, maxsplit=1)[0]
    if absolute:
        return path or "/"
    return path if path.startswith("/") else None


def page_url(request: Request, domain: str | None) -> str:
    """Return the URL of a page view: an absolute target as it is, else on the virtual host or domain, else the path alone."""
    if _ABSOLUTE.match(request.target):
        return request.target
    host = request.virtual_host or domain
    # A path that begins with two slashes would be read as a host.
    if host is None and request.target.startswith("//"):
        host = "unknown.invalid"
    return request.target if host is None else f"https://{host}{request.target}"


def _fit(url: str) -> str:
    """Return a URL that the service takes: what is too long of a query or fragment is cut off."""
    return url[:_LONGEST_URL] if re.search(r"[?#]", url[:_LONGEST_URL]) else url


def address(host: str) -> str:
    """Return the address of a visitor: the line's own, or for a name (or `-`) a private IPv6 address made from its digest.

    So a log with resolved names still tells its visitors apart, and such an address has no place on the map.
    """
    found = _ip(host) or _ip(_PORT.sub("", host).strip("[]"))
    if found is not None:
        return found
    return str(ipaddress.IPv6Address(b"\xfd" + blake2b(host.encode("utf-8", "surrogatepass"), digest_size=15).digest()))


def undo_escapes(field: bytes) -> str:
    r"""Return a field as text: the server's escapes undone, control characters and bytes that are no UTF-8 as `\xHH`."""
    raw = _ESCAPE.sub(_unescape, field) if b"\\" in field else field
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(rf"\x{ord(char):02x}" if ord(char) < 32 or ord(char) == 127 else char for char in text)  # noqa: PLR2004


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode("ascii")) if match[1] else match[2]


def _optional(field: bytes) -> str | None:
    return None if field in {b"-", b""} else undo_escapes(field)


@lru_cache(maxsize=4096)
def _ip(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _who(field: bytes) -> tuple[str, str | None]:
    """Return (host, virtual host) of what stands before the time: `[vhost[:port]] host ident user`.

    In place of the host may stand the addresses that proxies forwarded (`client, proxy`): the first is the visitor's.
    """
    names = re.sub(r", *[^ ]+", "", undo_escapes(_SYSLOG.sub(b"", field))).split(" ")
    first = names[0]
    if (
        len(names) > 1
        and _ip(first) is None
        and (_ip(names[1]) is not None or (_PORT.search(first) and names[1] != "-"))
    ):
        return names[1], _PORT.sub("", first).lower() if first not in _NO_HOST else None
    return first, None


@lru_cache(maxsize=4096)
def _time(text: str) -> datetime | None:
    """Return the instant of `17/May/2015:10:05:03 +0000` or of ISO 8601 with an offset; None for anything else."""
    match = _LOG_TIME.fullmatch(text)
    try:
        if match is None:
            moment = datetime.fromisoformat(text)
            return moment if moment.utcoffset() is not None else None
        day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
        # A leap second (60) is told as the second before it.
        return datetime(
            int(year),
            _MONTHS.get(month, 0),
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59) if second == "60" else int(second),
            tzinfo=timezone(offset),
        )
    except ValueError:
        return None


class LineIds:
    """Event ids of the page views of one file, taken in the order of its lines.

    An id is `log-<place of the line among the page views of its second>-<digest of what the line says>`. It depends on
    neither the name nor the beginning of the file nor on line numbers, so the same line has the same id in the plain and in
    the gzipped file, after the log has grown, was rotated, cut or joined with others; and ids of one second sort as their
    lines do. Two equal lines of one second differ by their place. Only where a file was cut in mid-second do places begin
    anew: those lines keep ids of their own unless they are equal in everything.
    """

    SECONDS_KEPT: Final = 200_000

    def __init__(self, source: str = "") -> None:
        self._source = source.encode()
        self._places: dict[int, int] = {}

    def next(self, request: Request) -> str:
        """Return the id of the next page view."""
        second = int(request.time.timestamp())
        place = self._places.get(second, 0)
        if place == 0 and len(self._places) >= self.SECONDS_KEPT:
            # Bounded, and the same for every reading of the file: the second met first is forgotten first.
            del self._places[next(iter(self._places))]
        self._places[second] = place + 1
        said = (
            request.host,
            str(second),
            request.virtual_host or "",
            request.target,
            str(request.status),
            request.referrer or "",
            request.agent or "",
        )
        digest = blake2b("\x1f".join(said).encode("utf-8", "surrogatepass"), digest_size=12, key=self._source[:64])
        return f"log-{place:06d}-{digest.hexdigest()}"


def event(request: Request, event_id: str, *, site: str | None, domain: str | None) -> dict[str, object]:
    """Return the event of a page view as the API takes it."""
    context = {"ip": address(request.host)}
    if request.agent is not None:
        context["user_agent"] = request.agent[:_LONGEST_AGENT]
    made: dict[str, object] = {
        "event_type": "page_view",
        "event_id": event_id,
        "timestamp": request.time.isoformat(),
        "historical": True,
        "url": _fit(page_url(request, domain)),
        "context": context,
    }
    if request.referrer is not None:
        made["referrer"] = request.referrer[:_LONGEST_URL]
    if site is not None:
        made["website_id"] = site
    return made
