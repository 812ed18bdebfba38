"""Counts an access log in combined format by the published definitions, straight from its text.

It shares no code with the product and reads the text another way (a scanner, no regular expressions), so that both must
err alike to agree. `python -m tests.oracle.access_log FILE [ZONE]` prints a summary.

Page view: GET, status 200-299 or 304, last path segment without extension or .html .htm .php .asp .aspx .jsp in any case.
Visitor: address and agent, of one local day. Visit: page views of one address and agent with gaps under 30 minutes, joined
over midnight; it belongs, with bounce and duration, to the hour and day of its first page view. Page: path without query
and fragment, trailing slash folded. Order: time, then line.
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GAP = timedelta(minutes=30)
PAGE_ENDINGS = ("html", "htm", "php", "asp", "aspx", "jsp")
MONTHS = dict(
    zip(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], range(1, 13), strict=True)
)


@dataclass(frozen=True)
class PageView:
    """One page view; `who` is address and agent, `request` as it stands in the line."""

    time: datetime
    line: int
    who: tuple[str, str | None]
    page: str
    referrer: str | None
    request: str


@dataclass
class Bucket:
    """The figures of an hour, a day or the whole range; `seconds` is the sum over visits."""

    visitors: int = 0
    visits: int = 0
    pageviews: int = 0
    bounces: int = 0
    seconds: float = 0.0

    @property
    def bounce_rate(self) -> float:
        return self.bounces / self.visits if self.visits else 0.0

    @property
    def visit_duration(self) -> float:
        return self.seconds / self.visits if self.visits else 0.0

    @property
    def views_per_visit(self) -> float:
        return self.pageviews / self.visits if self.visits else 0.0


@dataclass
class Page(Bucket):
    """The figures of a page; `visits` hold it, while entries, bounces and seconds are of the visits that entered there."""

    entries: int = 0
    exits: int = 0
    seconds_on_page: float = 0.0

    @property
    def bounce_rate(self) -> float:
        return self.bounces / self.entries if self.entries else 0.0

    @property
    def visit_duration(self) -> float:
        return self.seconds / self.entries if self.entries else 0.0


@dataclass
class Figures:
    """Everything that is compared; visitors of the whole range are daily uniques added up."""

    total: Bucket = field(default_factory=Bucket)
    days: dict[date, Bucket] = field(default_factory=lambda: defaultdict(Bucket))
    hours: dict[str, Bucket] = field(default_factory=lambda: defaultdict(Bucket))
    pages: dict[str, Page] = field(default_factory=lambda: defaultdict(Page))


@dataclass
class Log:
    """A log, read: its page views, and how many lines were something else."""

    page_views: list[PageView] = field(default_factory=list)
    lines: int = 0
    skipped: int = 0
    unreadable: int = 0


def open_log(path: Path) -> Iterator[bytes]:
    """Yield the lines of a plain or gzip file."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    rows = raw.split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    yield from rows


def read(rows: Iterable[bytes]) -> Log:
    """Read the lines of a log."""
    log = Log()
    for number, row in enumerate(rows, 1):
        log.lines += 1
        text = row.decode("latin-1").rstrip("\r")
        if not text.strip():
            log.skipped += 1
            continue
        fields = scan(text)
        if fields is None:
            log.unreadable += 1
            continue
        address, stamp, request, status, referrer, agent = fields
        page = page_of(request, status)
        if page is None:
            log.skipped += 1
            continue
        who = (address, None if agent in ("-", "") else agent)
        log.page_views.append(PageView(stamp, number, who, page, None if referrer in ("-", "") else referrer, request))
    return log


def scan(text: str) -> tuple[str, datetime, str, int, str, str] | None:
    """Return (address, time, request, status, referrer, agent) of a line, or None when it is broken."""
    before, bracket, after = text.partition(" [")
    stamp, closing, tail = after.partition("] ")
    if not bracket or not closing:
        return None
    when = moment(stamp)
    pieces = quoted_pieces(tail)
    if when is None or pieces is None or len(pieces) < 5:
        return None
    # Odd pieces are quoted: "request" status size "referrer" "agent".
    if pieces[0].strip() or pieces[4] != " " or (len(pieces) > 6 and pieces[6] and not pieces[6].startswith(" ")):
        return None
    numbers = pieces[2].split()
    if len(numbers) != 2 or not all(number.isdigit() or number == "-" for number in numbers):
        return None
    status = int(numbers[0]) if numbers[0].isdigit() else 0
    return before.split(" ")[0], when, pieces[1], status, pieces[3], pieces[5]


def quoted_pieces(text: str) -> list[str] | None:
    """Split at quotes that are not behind a backslash; None when one is left open."""
    pieces = [""]
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            pieces[-1] += text[at : at + 2]
            at += 2
            continue
        if text[at] == '"':
            pieces.append("")
        else:
            pieces[-1] += text[at]
        at += 1
    return pieces if len(pieces) % 2 == 1 else None


def moment(stamp: str) -> datetime | None:
    """Return the instant of `17/May/2015:10:05:03 +0000`."""
    try:
        day, month, rest = stamp.split("/")
        clock, offset = rest.split(" ")
        year, hour, minute, second = clock.split(":")
        local = datetime(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        sign = -1 if offset[0] == "-" else 1
        return local - sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
    except (ValueError, KeyError, IndexError):
        return None


def page_of(request: str, status: int) -> str | None:
    """Return the page of a request, or None when it is no page view."""
    words = request.split(" ")
    if words[0] != "GET" or len(words) < 2 or not (200 <= status <= 299 or status == 304):
        return None
    if len(words) > 2 and words[-1].startswith("HTTP/"):
        words.pop()
    path = " ".join(words[1:]).split("#")[0].split("?")[0]
    if not path.startswith("/"):
        scheme, separator, rest = path.partition("://")
        if not separator or not scheme.isalnum():
            return None
        path = "/" + rest.partition("/")[2]
    segment = path.split("/")[-1]
    if "." in segment and segment.split(".")[-1].lower() not in PAGE_ENDINGS:
        return None
    return path.rstrip("/") or "/"


def hour_name(instant: datetime, zone: ZoneInfo) -> str:
    """Return the first instant of the local hour, which also begins at a change of offset."""
    local = instant.astimezone(zone)
    begin = instant - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    while begin.astimezone(zone).utcoffset() != local.utcoffset():
        begin += timedelta(minutes=1)
    return begin.astimezone(zone).isoformat()


def visits_of(views: Iterable[PageView]) -> Iterator[list[PageView]]:
    """Yield the visits, each in order of time and line."""
    by_visitor: dict[tuple[str, str | None], list[PageView]] = defaultdict(list)
    for view in views:
        by_visitor[view.who].append(view)
    for chain in by_visitor.values():
        chain.sort(key=lambda view: (view.time, view.line))
        visit: list[PageView] = []
        for view in chain:
            if visit and view.time - visit[-1].time >= GAP:
                yield visit
                visit = []
            visit.append(view)
        yield visit


def count(  # noqa: C901 - every figure in one place
    views: Iterable[PageView], zone_name: str = "UTC", keep: Callable[[str | None], bool] = lambda _: True
) -> Figures:
    """Count page views, those alone whose agent `keep` wants (a bot predicate, or its opposite)."""
    zone = ZoneInfo(zone_name)
    kept = [view for view in views if keep(view.who[1])]
    figures = Figures()
    daily: set[tuple[date, tuple[str, str | None]]] = set()
    hourly: set[tuple[str, tuple[str, str | None]]] = set()
    paged: set[tuple[str, date, tuple[str, str | None]]] = set()
    for view in kept:
        day, hour = view.time.astimezone(zone).date(), hour_name(view.time, zone)
        for bucket in (figures.total, figures.days[day], figures.hours[hour], figures.pages[view.page]):
            bucket.pageviews += 1
        daily.add((day, view.who))
        hourly.add((hour, view.who))
        paged.add((view.page, day, view.who))
    figures.total.visitors = len(daily)
    for day, _ in daily:
        figures.days[day].visitors += 1
    for hour, _ in hourly:
        figures.hours[hour].visitors += 1
    for page, _, _ in paged:
        figures.pages[page].visitors += 1
    for visit in visits_of(kept):
        first, last = visit[0], visit[-1]
        seconds = (last.time - first.time).total_seconds()
        day, hour = first.time.astimezone(zone).date(), hour_name(first.time, zone)
        for bucket in (figures.total, figures.days[day], figures.hours[hour]):
            bucket.visits += 1
        for bucket in (figures.total, figures.days[day], figures.hours[hour], figures.pages[first.page]):
            bucket.bounces += len(visit) == 1
            bucket.seconds += seconds
        figures.pages[first.page].entries += 1
        figures.pages[last.page].exits += 1
        for page in {view.page for view in visit}:
            figures.pages[page].visits += 1
        for view, following in pairwise(visit):
            figures.pages[view.page].seconds_on_page += (following.time - view.time).total_seconds()
    return figures


def ranked(pages: dict[str, Page]) -> list[tuple[str, Page]]:
    """Return pages with most visitors first, ties by name."""
    return sorted(pages.items(), key=lambda row: (-row[1].visitors, row[0]))


def summary(path: Path, zone_name: str = "UTC", is_bot: Callable[[str], bool] | None = None) -> str:
    """Return the figures of a log as text."""
    log = read(open_log(path))
    wanted: dict[str, Callable[[str | None], bool]] = {"all": lambda _: True}
    if is_bot is not None:
        wanted["without bots"] = lambda agent: agent is None or not is_bot(agent)
    rows = [
        f"{path.name}: {log.lines} lines, {len(log.page_views)} page views, {log.skipped} skipped, {log.unreadable} unreadable"
    ]
    for name, keep in wanted.items():
        figures = count(log.page_views, zone_name, keep)
        rows.append(f"{name} ({zone_name}):")
        for label, bucket in [
            ("total", figures.total),
            *((str(day), figures.days[day]) for day in sorted(figures.days)),
        ]:
            rows.append(
                f"  {label:10} visitors {bucket.visitors:5} visits {bucket.visits:5} page views {bucket.pageviews:5} "
                f"bounce rate {bucket.bounce_rate:.4f} duration {bucket.visit_duration:8.2f} views/visit {bucket.views_per_visit:.3f}"
            )
        for page, row in ranked(figures.pages)[:8]:
            rows.append(f"  {row.visitors:5} {row.visits:5} {row.pageviews:5}  {page}")
        exits = Counter({page: row.exits for page, row in figures.pages.items()}).most_common(3)
        rows.append(f"  exits: {exits}")
    return "\n".join(rows)


if __name__ == "__main__":
    from crawleruseragents import is_crawler

    print(summary(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "UTC", is_crawler))
