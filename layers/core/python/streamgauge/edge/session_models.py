"""What callers send about sessions, checked."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads it
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from streamgauge.events.models import SessionHistory, SessionItem
from streamgauge.ingestion.session_calls import Told, instant_of
from streamgauge.places.lookup import normal
from streamgauge.sessions.folding import HIGHEST_BITRATE
from streamgauge.sessions.models import LONGEST_ID, printable

MOST_SESSIONS = 500
NO_HISTORY = "History needs its `started_at`, and `ended_at` or `duration_seconds`."

_SECONDS = 10_000_000


def _without_slash(text: str) -> str:
    if "/" in text:
        raise ValueError("an id stands in addresses, so it holds no slash")
    return text


def _unless_empty(value: object) -> object:
    # Callers in typed languages send every field of theirs, an unset text as an empty one.
    return None if value == "" else value


def _address(text: str) -> str | None:
    """Return an address in its one form; None for an empty text, which is how sessions show that nobody told one."""
    found = normal(text)
    if text and found is None:
        raise ValueError("is no IP address")
    return found


Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID), AfterValidator(printable)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_ID), AfterValidator(printable)]
Seconds = Annotated[float, Field(ge=0, le=_SECONDS, allow_inf_nan=False)]
Bitrate = Annotated[float, Field(ge=0, le=HIGHEST_BITRATE, allow_inf_nan=False, description="kbit/s")]
Address = Annotated[str, StringConstraints(max_length=64), AfterValidator(_address)]


class SessionUpdate(BaseModel):
    """How a session fares; what is left out stays as it was. `ip_address` is read from server keys alone."""

    model_config = ConfigDict(frozen=True)

    position_seconds: Seconds | None = None
    paused: bool | None = None
    bitrate_kbps: Bitrate | None = None
    transcoded: bool | None = None
    resolution: Annotated[Text | None, Field(description="Such as 1080p.")] = None
    ip_address: Address | None = None
    timestamp: Annotated[
        datetime | None, Field(description="When; now if left out."), BeforeValidator(_unless_empty)
    ] = None

    def told(self, address: str | None) -> Told:
        """Return what the call says, from `address`."""
        return Told(
            time=self.time,
            address=address,
            position=self.position_seconds,
            paused=self.paused,
            bitrate=None if self.bitrate_kbps is None else round(self.bitrate_kbps),
            transcoded=self.transcoded,
            resolution=self.resolution or None,
        )

    @property
    def time(self) -> int | None:
        """When, in microseconds; None: now."""
        return instant_of(self.timestamp)


class SessionStart(SessionUpdate):
    """A session that starts.

    `duration_seconds`, `ended_at` and `status` are read with `historical` alone, which needs a server key.
    """

    id: Annotated[Annotated[Id, AfterValidator(_without_slash)] | None, BeforeValidator(_unless_empty)] = None
    user_id: Id
    content_id: Id
    content_type: Annotated[Id, StringConstraints(max_length=64)] = "unknown"
    started_at: Annotated[datetime | None, Field(description="When; `timestamp` or now if left out.")] = None
    client_name: Text | None = None
    device_name: Text | None = None
    device_id: Text | None = None
    title: Annotated[str, StringConstraints(max_length=500), AfterValidator(printable)] | None = None
    library_id: Text | None = None
    runtime_seconds: Annotated[Seconds | None, Field(description="How long the item is.")] = None
    heartbeats: Annotated[
        bool, Field(description="False for a source that calls only when something changes, such as a webhook of Plex.")
    ] = True
    source: Annotated[Text, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")] = "api"
    historical: bool = False
    duration_seconds: Seconds | None = None
    ended_at: datetime | None = None
    status: Annotated[Literal["playing", "paused", "ended", "abandoned"] | None, BeforeValidator(_unless_empty)] = None

    @property
    def time(self) -> int | None:
        """When it starts, in microseconds; None: now."""
        return instant_of(self.started_at or self.timestamp)

    def item(self) -> SessionItem:
        """Return what is played, and on what."""
        return SessionItem(
            content_type=self.content_type,
            content_id=self.content_id,
            title=self.title or None,
            library_id=self.library_id or None,
            runtime=self.runtime_seconds or None,
            client_name=self.client_name or None,
            device_name=self.device_name or None,
            device_id=self.device_id or None,
            heartbeats=self.heartbeats,
            source=self.source,
        )

    def past(self) -> SessionHistory:
        """Return how a session of the past ended. Raises ValueError when nothing says so."""
        found = self.history()
        if found is None:
            raise ValueError(NO_HISTORY)
        return found

    def history(self) -> SessionHistory | None:
        """Return how a session of the past ended; None without a start, or without an end or a duration."""
        begin, end = self.time, instant_of(self.ended_at)
        if begin is None or (end is None and self.duration_seconds is None):
            return None
        duration = None if self.duration_seconds is None else round(self.duration_seconds * 1_000_000)
        ended = begin + (duration or 0) if end is None else end
        length = max(0, ended - begin)
        return SessionHistory(ended, length if duration is None else min(duration, length), self.status == "abandoned")


class SessionHistories(BaseModel):
    """Sessions of the past, each as `POST sessions` takes it with `historical`."""

    model_config = ConfigDict(frozen=True)

    sessions: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_SESSIONS)]


class HistoryResult(BaseModel):
    """What became of one session, by its place in the request; `detail` says why it was refused."""

    index: int
    id: str | None = None
    status: Literal["accepted", "rejected"]
    code: str | None = None
    detail: str | None = None


class HistoryResults(BaseModel):
    """What became of the sessions of a request, in its order."""

    accepted: int
    rejected: list[int]
    results: list[HistoryResult]


def read_history(sent: dict[str, Any]) -> SessionStart:
    """Return a session of the past. Raises ValueError, with what is wrong with it as its text."""
    try:
        session = SessionStart.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from None
    session.past()
    return session
