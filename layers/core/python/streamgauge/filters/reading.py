"""Filters as they stand in a query: `k=v`, `k=a|b`, `k=!v`, `k=~part`, `k=!~part`, `prop:name=v`; a backslash makes a sign plain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.models import PAGES, Condition, Filters, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FILTERS: Final = 20
MOST_VALUES: Final = 100
LONGEST_VALUE: Final = 2048

_PROPERTY: Final = "prop:"
_NAMES: Final = {name.value: name for name in Name if name is not Name.PROPERTY}
_FORM: Final = re.compile(r"(!?)(~?)(.*)", re.DOTALL)
_VALUES: Final = re.compile(r"(?:[^|\\]|\\.|\\$)*", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def is_filter(name: str) -> bool:
    """Say whether a name in a query is that of a filter."""
    return name in _NAMES or name.startswith(_PROPERTY)


def read_filters(pairs: Iterable[tuple[str, str]]) -> Filters:
    """Return the filters of the (name, value) pairs of a query; a name that stands twice gives two filters.

    Raises OutOfBoundsError for one that cannot be read, or for too many of them.
    """
    conditions = tuple(_condition(name, text) for name, text in pairs)
    if len(conditions) > MOST_FILTERS:
        raise _wrong(written_name(conditions[-1]), f"A report takes at most {MOST_FILTERS} filters.")
    return Filters(conditions)


def written_name(condition: Condition) -> str:
    """Return how the name of a condition stands in a query."""
    return f"{_PROPERTY}{condition.key}" if condition.name is Name.PROPERTY else condition.name.value


def _condition(name: str, text: str) -> Condition:
    found, property_ = (
        (Name.PROPERTY, name.removeprefix(_PROPERTY)) if name.startswith(_PROPERTY) else (_NAMES[name], "")
    )
    if found is Name.PROPERTY and not property_:
        raise _wrong(name, "Name the property: `prop:<name>=<value>`.")
    if "\0" in name + text or len(name) > LONGEST_VALUE or len(text) > LONGEST_VALUE * 4:
        raise _wrong(name, "No value of a dimension looks like this.")
    form = _FORM.fullmatch(text)
    negated, part, rest = form.groups() if form else ("", "", text)
    values = tuple(_value(found, one, part=bool(part)) for one in _split(rest))
    if len(values) > MOST_VALUES:
        raise _wrong(name, f"A filter takes at most {MOST_VALUES} values.")
    if part and "" in values:
        raise _wrong(name, "Give the part that is to be contained after `~`.")
    return Condition(found, values, bool(part), bool(negated), property_)


def _split(text: str) -> list[str]:
    """Return the values between bars; a bar after a backslash is no border."""
    values, at = [], 0
    while True:
        found = _VALUES.match(text, at)
        end = found.end() if found else len(text)
        values.append(text[at:end])
        if end >= len(text):
            return values
        at = end + 1


def _value(name: Name, text: str, *, part: bool) -> str:
    value = _ESCAPED.sub(r"\1", text)
    # Pages are kept with their trailing slash folded.
    return value.rstrip("/") or "/" if name in PAGES and value and not part else value


def _wrong(name: str, message: str) -> OutOfBoundsError:
    return OutOfBoundsError(message, [(["query", name], message)])
