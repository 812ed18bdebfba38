"""What importers of plays do alike: read whole exports, keep bad rows, send sessions of the past, and sum up.

A session told twice under one id is the same, so an import that stopped is simply run again.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from urllib.parse import urlencode

import typer

from streamgauge_cli import console
from streamgauge_cli.errors import CommandError, StoppedError
from streamgauge_cli.importers import resume
from streamgauge_cli.importers.running import Unreadable, show_examples, summarize
from streamgauge_cli.plays import instant
from streamgauge_cli.sending import MOST_EVENT_BYTES, Answer, Sender, batches, read_answer, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import httpx

    from streamgauge_cli.connection import Connection

PATH: Final = "/api/v1/analytics/sessions/batch"
LABELS: Final = {
    "rows": "rows",
    "sessions": "sessions sent",
    "accepted": "accepted",
    "refused": "refused",
    "skipped": "skipped (still playing, or after --before)",
    "unreadable": "unreadable",
}
_GZIP: Final = b"\x1f\x8b"

SourceOption = Annotated[
    str, typer.Option(help="Name of the server, when histories of several servers come to one site", metavar="NAME")
]
BeforeOption = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="Only plays that began before (UTC): the day from which webhooks have come, so that none counts twice",
    ),
]


@dataclass(frozen=True, slots=True)
class Item:
    """One session as JSON."""

    body: bytes


class _SessionSender(Sender):
    def __init__(self, client: httpx.Client, path: str, in_flight: int, on_retry: Callable[[str], None]) -> None:
        super().__init__(client, in_flight=in_flight, on_retry=on_retry)
        self._path = path

    def post(self, batch: list[Any]) -> Answer:
        """Send one batch. Raises CommandError when it will not be taken."""
        body = b'{"sessions":[' + b",".join(item.body for item in batch) + b"]}"
        return read_answer(self.request(self._path, body, {"content-type": "application/json"}))


class Reading:
    """Counts what rows become; keeps those that cannot be read, and sessions that are refused, in files beside while it is open."""

    def __init__(self, connection: Connection, kind: str, salt: str) -> None:
        self.counts: Counter[str] = Counter()
        parts = "\x1f".join((connection.url, connection.site or connection.key, salt))
        folder = resume.folder(connection.home, Path.cwd())
        stem = f"{kind}-{blake2b(parts.encode(), digest_size=4).hexdigest()}"
        self.unreadable = Unreadable(folder / f"{stem}.unreadable", self.counts)
        self.refused = Unreadable(folder / f"{stem}.refused", Counter())

    def __enter__(self) -> Self:
        self.unreadable.__enter__()
        self.refused.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.unreadable.__exit__()
        self.refused.__exit__()

    def keep(self, index: int, row: object, reason: str) -> None:
        """Keep a row that cannot be read."""
        self.unreadable.keep(index + 1, json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace"), reason)


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return what a JSON file holds, plain or gzip. Raises CommandError."""
    return _decoded(path, _content(path))


def read_lines(path: Path) -> list[Any]:
    """Return what each line of a file holds, plain or gzip. Raises CommandError."""
    return [_decoded(path, line) for line in _content(path).splitlines() if line.strip()]


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw.startswith(_GZIP) else raw
    except (EOFError, zlib.error) as error:
        raise CommandError(f"{path} is no gzip that can be read ({error}).") from error
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error


def _decoded(path: Path, content: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no JSON that can be read ({error}).") from error


def bound(before: datetime | None) -> str:
    """Return the time before which plays are taken, as sessions say theirs."""
    return "9999" if before is None else instant(before.replace(tzinfo=before.tzinfo or UTC).timestamp())


def send(
    connection: Connection,
    reading: Reading,
    sessions: Iterable[dict[str, object]],
    *,
    before: datetime | None,
    in_flight: int,
    as_json: bool,
) -> None:
    """Send sessions behind a progress bar, say what was wrong, and sum up. Raises CommandError, StoppedError."""
    counts, latest = reading.counts, bound(before)
    items: list[Item] = []
    for session in sessions:
        body = to_json(session)
        if str(session["started_at"]) >= latest:
            counts["skipped"] += 1
        elif len(body) > MOST_EVENT_BYTES:
            reading.keep(len(items), session, "too long for a session")
        else:
            items.append(Item(body))
    path = f"{PATH}?{urlencode({'website_id': connection.site})}" if connection.site else PATH
    with connection.client() as client, console.progress(counted=False) as bar:
        task = bar.add_task("sessions", total=len(items) or 1, note="")

        def answered(batch: list[Item], answer: Answer) -> None:
            for refusal in answer.refused:
                number = counts["sessions"] + refusal.index + 1
                reading.refused.keep(number, batch[refusal.index].body, refusal.detail or refusal.code)
            counts.update(sessions=len(batch), accepted=answer.accepted, refused=len(answer.refused))
            bar.update(task, completed=counts["sessions"], note=f"{counts['sessions']} sessions")

        sender = _SessionSender(client, path, in_flight, lambda text: bar.console.print(text, markup=False))
        try:
            sender.send_all(batches(items), answered)
        except (KeyboardInterrupt, StoppedError) as stop:
            raise StoppedError("stopped. Run the same command again: what is in already counts once.") from stop
        except CommandError as error:
            raise CommandError(f"{error} The import is not complete. Run the same command again.") from error
    if counts["unreadable"]:
        console.warn(f"{counts['unreadable']} rows cannot be read; they are kept in {reading.unreadable.path}")
        show_examples(reading.unreadable.examples, counts["unreadable"])
    if counts["refused"]:
        console.warn(f"{counts['refused']} sessions were refused; they are kept in {reading.refused.path}")
        show_examples(reading.refused.examples, counts["refused"])
    summarize(counts, LABELS, "Plays that were imported before are counted once by the service.", as_json=as_json)
