"""What the reports on libraries, items, genres, users and days answer."""

from __future__ import annotations

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict


class ServerStats(TypedDict):
    """A whole media server. Sessions are those that began in the range; the catalogue is as it stands."""

    total_libraries: int
    total_items: int
    total_size_gb: float
    total_users: int
    active_users_24h: int
    total_plays: int
    total_watch_hours: float
    total_sessions: int
    total_bandwidth_gb: float
    transcode_share: float


class LibraryStats(TypedDict):
    """A library: its items, and the sessions of these (or that name it, where the catalogue says no other)."""

    library_id: str
    name: str | None
    type: str | None
    total_items: int
    total_size_gb: float
    total_plays: int
    total_watch_hours: float
    unique_users: int
    last_played_at: str | None


class PopularItem(TypedDict):
    """An item with all its sessions; `watched` counts those that reached 85 % of its runtime."""

    content_id: str
    title: str | None
    content_type: str
    plays: int
    unique_users: int
    watch_hours: float
    watched: int


class GenreStats(TypedDict):
    """A genre; an item adds to each of its genres."""

    genre: str
    plays: int
    unique_users: int
    watch_hours: float


class UserGenre(TypedDict):
    """A genre of what a user watches."""

    genre: str
    plays: int
    watch_hours: float


class UserType(TypedDict):
    """A type of what a user watches."""

    type: str
    plays: int
    watch_hours: float


class UserDevice(TypedDict):
    """A device of a user, under the names that it had last."""

    device_id: str | None
    device_name: str
    client_name: str
    sessions: int
    plays: int
    watch_hours: float
    last_seen_at: str | None


class DayOfUser(TypedDict):
    """A user's sessions that began on a day; the score is that of videos, over plays."""

    date: str
    plays: int
    watch_hours: float
    engagement_score: float


class UserActivity(TypedDict):
    """What a user watches."""

    user_id: str
    name: str | None
    plays: int
    watch_hours: float
    sessions: int
    watched: int
    last_seen_at: str | None
    top_genres: list[UserGenre]
    top_types: list[UserType]
    devices: list[UserDevice]
    daily: list[DayOfUser]


class BandwidthRow(TypedDict, total=False):
    """What the sessions of a day (`date`) or of a user (`user_id`) streamed, and their mean bitrate."""

    date: str
    user_id: str
    bandwidth_gb: float
    sessions: int
    watch_hours: float
    mean_bitrate_kbps: float


class DailyStat(TypedDict):
    """The sessions that started on a day, with all that they played and streamed."""

    date: str
    total_sessions: int
    total_duration_minutes: int
    unique_users: int
    total_bandwidth_gb: float
    transcoded_sessions: int


class StreamsRow(TypedDict):
    """The most streams that played at one moment of a day."""

    date: str
    peak_concurrent_streams: int
