"""Goals: pages and custom events that a site wants to happen."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from streamgauge.dimensions import Dimension
from streamgauge.errors import ConflictError, NotFoundError, OutOfBoundsError
from streamgauge.web import journey_queries

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection
    from streamgauge.web.question import Question

Kind = Literal["page", "event"]
Match = Literal["equals", "prefix", "contains"]

MOST_GOALS: Final = 100
"""Goals of a site."""

DIMENSIONS: Final[dict[Kind, Dimension]] = {"page": Dimension.PAGE, "event": Dimension.EVENT}


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of a site; `value` is a folded path or the name of a custom event, or a part of it."""

    goal_id: str
    name: str
    type: Kind
    match: Match
    value: str


def make_goal(connection: Connection, site_no: int, name: str, kind: Kind, match: Match, value: str) -> Goal:
    """Add a goal. Raises ConflictError for a name that is taken, OutOfBoundsError when the site has as many as it can have."""
    goal = Goal(f"goal_{secrets.token_hex(8)}", name, kind, match, value)
    key = {"site_no": site_no, "kind": kind, **asdict(goal)}
    with connection.transaction():
        connection.execute(journey_queries.LOCK_SITE, key)
        every, same = connection.execute(journey_queries.COUNT_GOALS, key).fetchall()[0]
        if same:
            raise ConflictError("The site has a goal of this name.")
        if every >= MOST_GOALS:
            raise OutOfBoundsError(f"A site has at most {MOST_GOALS} goals.")
        connection.execute(journey_queries.ADD_GOAL, key)
    return goal


def delete_goal(connection: Connection, site_no: int, goal_id: str) -> None:
    """Delete a goal; doing it again changes nothing."""
    connection.execute(journey_queries.DELETE_GOAL, {"site_no": site_no, "goal_id": goal_id})


def goals_of(question: Question) -> list[Goal]:
    """Return the goals of a site, oldest first."""
    return [Goal(*row) for row in question.read(journey_queries.LIST_GOALS, {"site_no": question.site_no})]


def goal_named(question: Question, goal_id: str) -> Goal:
    """Return a goal of the site. Raises NotFoundError."""
    rows = question.read(journey_queries.READ_GOAL, {"site_no": question.site_no, "goal_id": goal_id})
    if not rows:
        raise NotFoundError("There is no such goal.")
    return Goal(*rows[0])
