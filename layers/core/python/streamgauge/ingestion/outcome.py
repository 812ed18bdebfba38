"""What a request is answered: native results, or a problem that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamgauge.ingestion.models import Answer, Result, ViewAnswer

if TYPE_CHECKING:
    from streamgauge.ingestion.drafts import Draft

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"

_ENCODER: Final = msgspec.json.Encoder()


class Outcome(NamedTuple):
    """Status, content type and body of an answer."""

    status: int
    kind: str
    body: bytes


def native(drafts: list[Draft], *, single: bool) -> Outcome:
    """Answer event by event: 202, 207 when one of a list was refused, 422 for a refused single one."""
    results = [result_of(draft) for draft in drafts]
    rejected = [result for result in results if result.status == "rejected"]
    duplicates = sum(draft.repeat for draft in drafts)
    answer = Answer(
        accepted=len(results) - len(rejected) - duplicates, duplicates=duplicates, rejected=rejected, results=results
    )
    if not rejected:
        return Outcome(202, JSON, _ENCODER.encode(answer))
    if single:
        return refused(drafts[0], msgspec.to_builtins(answer))
    return Outcome(207, JSON, _ENCODER.encode(answer))


def result_of(draft: Draft) -> Result:
    """Return what became of an event."""
    if draft.refusal is not None:
        return Result(
            index=draft.index,
            event_id=draft.event_id,
            status="rejected",
            code=draft.refusal.reason,
            detail=draft.refusal.detail,
        )
    return Result(index=draft.index, event_id=draft.event_id, status="duplicate" if draft.repeat else "accepted")


def refused(draft: Draft, more: dict[str, Any] | None = None, *, status: int = 422, title: str = "") -> Outcome:
    """Answer a refused single event as a problem, with the native answer's members beside the problem's."""
    refusal = draft.refusal
    detail = refusal.detail if refusal else ""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": title or "Out of bounds",
        "status": status,
        "detail": detail,
        "errors": [{"loc": ["body", *(refusal.loc if refusal else ())], "msg": detail}],
    }
    return Outcome(status, PROBLEM_JSON, _ENCODER.encode(problem | (more or {})))


def viewed(draft: Draft) -> Outcome:
    """Answer a view: 202, 404 for a video that is not catalogued, 422 for other refusals."""
    if draft.refusal is None:
        return Outcome(202, JSON, _ENCODER.encode(ViewAnswer(message="View tracked successfully", accepted=1)))
    if draft.refusal.reason == "unknown_video":
        return refused(draft, status=404, title="Not found")
    return refused(draft)
