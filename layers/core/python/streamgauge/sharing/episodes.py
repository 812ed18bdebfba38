"""From evidence to alerts: episodes, how bad they are, and how far each is to be trusted. Pure."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from streamgauge.clock import instant
from streamgauge.sharing.models import (
    CONCURRENT,
    DAY,
    EPISODE_END,
    GEOGRAPHY,
    Episode,
    Judged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.sharing.models import Finding, Level, Rule, Severity, Thresholds, Watched

FAR_KM: Final = 2000.0
LISTED: Final = 20
"""How many findings an alert lists: the strongest; it counts them all."""

_SESSIONS_LISTED: Final = 50
_LEVELS: Final[tuple[Level, ...]] = ("low", "medium", "high")
_ONE_PAIR: Final = 1
_MANY_PAIRS: Final = 3
_TWICE: Final = 2
_THRICE: Final = 3
_BRIEF_SECONDS: Final = 60


def episodes(findings: Iterable[Finding]) -> list[Episode]:
    """Return findings in their episodes, by rule and time."""
    by_rule: defaultdict[Rule, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    found: list[Episode] = []
    for rule in sorted(by_rule):
        together: list[Finding] = []
        last = 0
        for finding in sorted(by_rule[rule], key=lambda one: one.order):
            if together and finding.first - last >= EPISODE_END:
                found.append(Episode(rule, together[0].first, last, tuple(together)))
                together = []
            last = finding.last if not together else max(last, finding.last)
            together.append(finding)
        found.append(Episode(rule, together[0].first, last, tuple(together)))
    return found


def judged(findings: Sequence[Finding], thresholds: Thresholds) -> list[Judged]:
    """Return the alerts of a user's evidence, by rule and time."""
    return [judge(one, findings, thresholds) for one in episodes(findings)]


def judge(episode: Episode, findings: Iterable[Finding], thresholds: Thresholds) -> Judged:
    """Say how bad an episode is, and what speaks for it; `findings` are the user's, of all rules."""
    agreeing = sorted({other.rule for other in findings if other.rule != episode.rule and _near(other, episode)})
    severity = _severity(episode, thresholds, agrees=bool(agreeing))
    level, reasons = _confidence(episode, agrees=bool(agreeing))
    strongest = sorted(episode.findings, key=lambda one: (-one.amount, one.order))[:LISTED]
    sessions = {session.session_id: session for finding in strongest for session in finding.sessions}
    listed = sorted(sessions.values(), key=lambda one: (one.start, one.session_id))[:_SESSIONS_LISTED]
    evidence: dict[str, Any] = {
        "first_at": _iso(episode.first),
        "last_at": _iso(episode.last),
        "findings_total": len(episode.findings),
        "findings": [_shown(one) for one in sorted(strongest, key=lambda one: one.order)],
        "sessions": [_session(one) for one in listed],
        "places": _places(listed),
        "peak": round(max(one.amount for one in episode.findings), 1),
        "thresholds": thresholds.shown(),
        "agreeing_rules": agreeing,
        "confidence": {"level": level, "reasons": reasons},
    }
    return Judged(episode, severity, evidence)


def alert_id(site_id: str, user_id: str, rule: str, first: int) -> str:
    """Return the id of the alert of an episode that was first seen to begin at `first`."""
    text = f"{site_id}\x1f{user_id}\x1f{rule}\x1f{first}".encode("utf-8", "surrogatepass")
    return str(UUID(bytes=blake2b(text, digest_size=16).digest(), version=4))


def _near(finding: Finding, episode: Episode) -> bool:
    return any(finding.first - own.last <= DAY and own.first - finding.last <= DAY for own in episode.findings)


def _severity(episode: Episode, thresholds: Thresholds, *, agrees: bool) -> Severity:
    if agrees:
        return "high"
    most = max(one.amount for one in episode.findings)
    if episode.rule == GEOGRAPHY:
        far = most >= FAR_KM or any(one.overlaps for one in episode.findings)
        return "medium" if far else "low"
    threshold = thresholds.concurrent_streams if episode.rule == CONCURRENT else thresholds.device_spike
    if most >= _THRICE * threshold:
        return "high"
    return "medium" if most >= _TWICE * threshold else "low"


def _confidence(episode: Episode, *, agrees: bool) -> tuple[Level, list[str]]:
    """Return how far an alert is to be trusted, and why."""
    if episode.rule == GEOGRAPHY:
        level, reasons = _of_places(episode)
    elif episode.rule == CONCURRENT:
        level, reasons = _of_streams(episode)
    else:
        level, reasons = _of_devices(episode)
    if agrees:
        reasons.append("another rule found evidence within 24 h")
        level = min(level + 1, len(_LEVELS) - 1)
    return _LEVELS[level], reasons


def _of_places(episode: Episode) -> tuple[int, list[str]]:
    pairs = {_pair(finding) for finding in episode.findings}
    countries = any(len({one.country for one in finding.sessions}) > 1 for finding in episode.findings)
    reasons = [
        "places come from a database of addresses; two free ones disagree by over 500 km on every fourth address"
    ]
    if len(pairs) <= _ONE_PAIR:
        reasons.append("one pair of networks alone is weak evidence")
        level = 0
    else:
        reasons.append(f"{len(pairs)} pairs of networks say the same")
        level = 1 if len(pairs) < _MANY_PAIRS else 2
    if not countries:
        reasons.append("the places are in one country, where such databases are least exact")
        level = min(level, 1)
    if any(finding.overlaps for finding in episode.findings):
        reasons.append("sessions played at the same time")
    else:
        reasons.append("sessions followed each other; none played at the same time")
        level = min(level, 1)
    return level, reasons


def _of_streams(episode: Episode) -> tuple[int, list[str]]:
    sessions = [one for finding in episode.findings for one in finding.sessions]
    reasons: list[str] = []
    level = 2
    if not all(one.names_device for one in sessions):
        level = 0
        reasons.append("some sessions do not say on what they play; each counts as a device of its own")
    elif not all(one.is_identified for one in sessions):
        level = 1
        reasons.append("some devices are told apart by their names alone")
    else:
        reasons.append("every device has an id of its own")
    if max(finding.details["seconds"] for finding in episode.findings) < _BRIEF_SECONDS:
        level = min(level, 1)
        reasons.append("they played together for less than a minute")
    networks = {one.network for one in sessions if one.network is not None}
    if len(networks) == 1:
        level = min(level, 1)
        reasons.append("all from one network, as in one household")
    elif networks:
        reasons.append(f"from {len(networks)} networks")
    return level, reasons


def _of_devices(episode: Episode) -> tuple[int, list[str]]:
    sessions = [one for finding in episode.findings for one in finding.sessions]
    networks = {one.network for one in sessions if one.network is not None}
    if all(one.is_identified for one in sessions):
        level = 1
        reasons = ["every device has an id of its own; a new browser or installation has a new one"]
    else:
        level = 0
        reasons = ["some devices are told apart by their names alone"]
    if len(networks) > 1:
        level += 1
        reasons.append(f"the new devices are in {len(networks)} networks")
    elif networks:
        reasons.append("all new devices are in one network, as in one household")
        level = 0
    return min(level, len(_LEVELS) - 1), reasons


def _pair(finding: Finding) -> tuple[str, ...]:
    return tuple(sorted(str(one.network if one.network is not None else one.point) for one in finding.sessions))


def _shown(finding: Finding) -> dict[str, Any]:
    found = {
        "from": _iso(finding.first),
        "to": _iso(finding.last),
        "sessions": [one.session_id for one in finding.sessions][:_SESSIONS_LISTED],
        **finding.details,
    }
    if finding.rule == GEOGRAPHY:
        found["overlap"] = finding.overlaps
    return found


def _session(session: Watched) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "started_at": _iso(session.start),
        "last_at": _iso(session.last),
        "client_name": session.client_name or "",
        "device_name": session.device_name or "",
        "device_id": session.device_id,
        "place": _place(session),
    }


def _place(session: Watched) -> dict[str, Any] | None:
    """Return where a session was, and how far that is to be trusted; None for an address that has no place."""
    point = session.point
    if point is None:
        return None
    return {
        "country": session.country,
        "city": session.city,
        "latitude": round(point.latitude, 2),
        "longitude": round(point.longitude, 2),
        "radius_km": point.radius_km,
    }


def _places(sessions: Iterable[Watched]) -> list[dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    for session in sessions:
        place = _place(session)
        if place is not None:
            found.setdefault(tuple(place.values()), place)
    return [found[key] for key in sorted(found, key=str)]


def _iso(time: int) -> str:
    return instant(time).isoformat()
