"""The figures of a video over the time before a range: whole days from rollups, the day of the cut from its playbacks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.contributions import STARTUP
from streamgauge.dimensions import Dimension, code_of
from streamgauge.rollups.elapsed import before
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.rollups.uniques import Uniques
from streamgauge.video import queries
from streamgauge.video.figures import Sums, all_figures, total

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.video.reports import Question

FIGURES = (
    "views", "unique_viewers", "watch_time_seconds", "avg_watch_percentage", "completion_rate", "engagement_score",
    "qualified_views", "startup_time_seconds", "rebuffer_ratio", "error_rate", "exits_before_start",
)  # fmt: skip


class _Part(NamedTuple):
    """A stretch of the time before; `people` are (bot, viewer) whose ids outlast the day, of the day of the cut alone."""

    sums: Sums
    startups: Counter[int]
    daily_viewers: int = 0
    lasting: int = 0
    people: tuple[tuple[bool, int], ...] = ()


def comparison(question: Question, video_id: str, figures: dict[str, Any], now: int) -> dict[str, dict[str, Any]]:
    """Return, for each figure, its value in as much time just before, and the change since in percent; `now` in microseconds."""
    past = before(question.days, now)
    whole = _rollups(question, video_id, past.whole) if past.whole else _Part(Sums(), Counter())
    cut = _Part(Sums(), Counter())
    if past.cut_day is not None:
        cut = _cut_day(question, video_id, past.cut_day, past.until)
    viewers = whole.daily_viewers - whole.lasting + cut.daily_viewers - cut.lasting
    if past.whole is not None and whole.lasting:
        uniques = Uniques(question.read, question.site_no, past.whole.start, past.whole.end, BOT_FLAGS[question.bots])
        code = code_of(Dimension.VIEWER, video_id)
        viewers += uniques.count([code], also=[(code, bot, viewer) for bot, viewer in cut.people]).get(code, 0)
    else:
        viewers += cut.lasting
    values = all_figures(total([whole.sums, cut.sums]), viewers, whole.startups + cut.startups)
    return {name: {"value": values[name], "change": _change(figures[name], values[name])} for name in FIGURES}


def _change(now: float, value: float) -> float | None:
    return None if value == 0 else (now - value) / value * 100


def _rollups(question: Question, video_id: str, span: Span) -> _Part:
    key = question.key | {"video_id": video_id, "start": span.start, "end": span.end, "kind": STARTUP}
    code = code_of(Dimension.VIEWER, video_id)
    asked = key | {"dimension": int(Dimension.VIEWER), "codes": [code], "days": span.days}
    _, daily, lasting = next(iter(question.read(queries.VIEWERS, asked)), (code, 0, 0))
    startups = Counter({int(value): amount for value, amount in question.read(queries.VALUES, key)})
    return _Part(Sums(*question.read(queries.FIGURES, key)[0]), startups, daily, lasting)


def _cut_day(question: Question, video_id: str, day: date, until: int) -> _Part:
    """Return what began on a day before an instant (microseconds); of a day whose playbacks are gone, the elapsed share."""
    key = question.key | {"video_id": video_id, "start": day, "end": day, "until": until, "day": day}
    if not question.read(queries.DAY_IS_WHOLE, key)[0][0]:
        first = day_start(day, question.days.timezone)
        end = day_start(day.fromordinal(day.toordinal() + 1), question.days.timezone)
        return _share(_rollups(question, video_id, Span(day, day)), (until / MICROSECONDS - first) / (end - first))
    viewers = question.read(queries.VIEWERS_BEFORE, key)
    lasting = tuple((bot, viewer) for bot, viewer, lasts in viewers if lasts)
    startups: Counter[int] = Counter(dict(question.read(queries.STARTUPS_BEFORE, key)))
    return _Part(Sums(*question.read(queries.STARTED_BEFORE, key)[0]), startups, len(viewers), len(lasting), lasting)


def _share(part: _Part, share: float) -> _Part:
    sums = Sums(*(round(amount * share) for amount in part.sums))
    return _Part(sums, part.startups, round(part.daily_viewers * share), 0)
