"""`streamgauge simulate`: send made-up traffic to a site."""

from __future__ import annotations

import heapq
import re
import time
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from streamgauge_cli import console
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, connect, explain, site_domain
from streamgauge_cli.errors import CommandError, StoppedError
from streamgauge_cli.media_traffic import PATH as SESSIONS
from streamgauge_cli.media_traffic import MediaTraffic
from streamgauge_cli.sending import MOST_EVENTS, Answer, Refusal, Sender, batches, read_answer, to_json
from streamgauge_cli.traffic import Action, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TICK_SECONDS: Final = 0.25
_IN_FLIGHT: Final = 8
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_TAKEN: Final = frozenset({200, 201, 202, 204})
_SESSIONS_AN_HOUR: Final = 12.0
_PAST_SESSIONS_A_DAY: Final = 15
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Call:
    """One action as it is sent: an event for a batch, or a call with a path of its own."""

    body: bytes
    path: str | None = None
    method: str = "POST"


class TrafficSender(Sender):
    """Sends batches of events; views, and calls about sessions, one by one."""

    def post(self, batch: list[Call]) -> Answer:  # type: ignore[override]
        """Send one batch, or the call that stands alone in it."""
        call = batch[0]
        if call.path is None:
            return super().post(batch)
        answer = self.request(call.path, call.body, {"content-type": "application/json"}, call.method)
        if answer.status_code in _TAKEN:
            return Answer(accepted=1)
        # A call about a session that another one has ended: as with a real server, it is over.
        if answer.is_client_error and call.path.startswith(SESSIONS):
            return Answer(refused=[Refusal(0, "", str(answer.status_code), explain(answer))])
        return read_answer(answer)


def prepare(action: Action) -> Call:
    """Return an action as it is sent."""
    if action.video_id is not None:
        return Call(to_json(action.body), f"/api/analytics/view/{quote(action.video_id, safe='')}")
    return Call(to_json(action.body), action.path, action.method)


def grouped(calls: Iterable[Call]) -> Iterator[list[Call]]:
    """Cut calls into what one request takes: calls with a path alone, events in batches."""
    events: list[Call] = []
    for call in calls:
        if call.path is not None:
            yield [call]
            continue
        events.append(call)
        if len(events) >= MOST_EVENTS:
            yield from batches(events)
            events = []
    yield from batches(events)


def paced(actions: Iterable[Action], now: Callable[[], float], pause: Callable[[float], None]) -> Iterator[list[Call]]:
    """Yield what is due, not before its time: a few requests a tick."""
    due: list[Call] = []
    for action in actions:
        if due and action.at > now():
            yield from grouped(due)
            due = []
        while (ahead := action.at - now()) > 0:
            pause(max(ahead, _TICK_SECONDS))
        due.append(prepare(action))
        if len(due) >= MOST_EVENTS:
            yield from grouped(due)
            due = []
    yield from grouped(due)


def seconds(text: str) -> float:
    """Read a duration written as `90`, `90s`, `5m`, `1h` or `2d`. Raises CommandError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if match is None:
        raise CommandError(f"{text!r} is no duration: write 90s, 5m, 1h or 2d.")
    return float(match[1]) * _UNITS[match[2]]


def command(
    rate: Annotated[float, typer.Option(min=0, help="Events per second; 0: only the days before")] = 5.0,
    duration: Annotated[str | None, typer.Option(help="How long, as 90s, 5m or 1h [default: until Ctrl-C]")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same visitors, videos and visits")] = 1,
    backfill_days: Annotated[int, typer.Option(min=0, max=3650, help="First make up that many days before now")] = 0,
    backfill_events: Annotated[int, typer.Option(min=1, help="Events a day of those days, about")] = 2_000,
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
) -> None:
    """Send made-up traffic of a website, its videos and a media server. Needs a server key.

    Each visitor has an address, an agent and a habit of coming back; videos are played, paused, sought and left, so that every
    report has something to show. The media server's streams come on top of `--rate`. Use it on a site made for it.
    """
    length = None if duration is None else seconds(duration)
    connection = connect("server", url, key, site)
    domain = site_domain(connection) or "demo.example"
    traffic = Traffic(seed, time.time(), site=connection.site, base=f"https://{domain}")
    media = MediaTraffic(seed, traffic.start, site=connection.site)
    counts: Counter[str] = Counter()
    refusals: list[str] = []
    began = time.monotonic()
    with connection.client() as client, console.progress() as bar:
        sender = TrafficSender(
            client, in_flight=_IN_FLIGHT, on_retry=lambda text: bar.console.print(text, markup=False)
        )

        def answered(batch: list[Call], answer: Answer) -> None:
            counts.update(sent=len(batch), accepted=answer.accepted, refused=len(answer.refused))
            refusals.extend(f"{refusal.code} {refusal.detail}" for refusal in answer.refused)
            path = batch[0].path
            if path is not None:
                counts["session calls" if path.startswith(SESSIONS) else "views"] += 1
            bar.update(task, advance=len(batch), note=f"{counts['refused']} refused" if counts["refused"] else "")

        try:
            if backfill_days:
                task = bar.add_task("days before", total=backfill_days * backfill_events, note="")
                before = heapq.merge(
                    traffic.backfill(backfill_days, backfill_events),
                    media.backfill(backfill_days, _PAST_SESSIONS_A_DAY),
                    key=_time_of,
                )
                past = (prepare(action) for action in before)
                sender.send_all(grouped(past), answered)
                bar.update(task, total=counts["sent"])
            if rate > 0:
                task = bar.add_task("live", total=None if length is None else int(length * rate), note="")
                traffic.start = media.start = time.time()
                began = time.monotonic()
                both = heapq.merge(traffic.live(rate), media.live(_SESSIONS_AN_HOUR), key=_time_of)
                live = takewhile(lambda action: length is None or action.at < traffic.start + length, both)
                sender.send_all(paced(live, time.time, time.sleep), answered)
        except (KeyboardInterrupt, StoppedError):
            if length is not None:
                _report(counts, refusals, time.monotonic() - began)
                raise
    _report(counts, refusals, time.monotonic() - began)


def _time_of(action: Action) -> float:
    return action.at


def _report(counts: Counter[str], refusals: list[str], took: float) -> None:
    console.out.print(
        f"{counts['sent']} calls in {took:.0f} s ({counts['views']} views, {counts['session calls']} about sessions): "
        f"{counts['accepted']} accepted, {counts['refused']} refused."
    )
    for refusal, times in Counter(refusals).most_common(_EXAMPLES):
        console.warn(f"{times} times: {refusal}")
