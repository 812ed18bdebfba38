"""Filters as conditions of a statement: names come from here, values are bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from streamgauge.dimensions import Dimension, code_of
from streamgauge.filters.models import Name

if TYPE_CHECKING:
    from streamgauge.filters.models import Condition, Filters

_ACQUISITION: Final[dict[Name, LiteralString]] = {
    Name.REFERRER: "a.referrer",
    Name.SOURCE: "a.source",
    Name.CHANNEL: "a.channel",
    Name.UTM_SOURCE: "a.utm_source",
    Name.UTM_MEDIUM: "a.utm_medium",
    Name.UTM_CAMPAIGN: "a.utm_campaign",
    Name.UTM_TERM: "a.utm_term",
    Name.UTM_CONTENT: "a.utm_content",
}
_SURROUNDINGS: Final[dict[Name, LiteralString]] = {
    Name.COUNTRY: "s.country",
    Name.REGION: "s.region",
    Name.CITY: "s.city",
    Name.BROWSER: "s.browser",
    Name.OS: "s.os",
    Name.DEVICE: "s.device",
    Name.SCREEN: "s.screen",
    Name.LANGUAGE: "s.language",
}
_PAGES: Final[dict[Name, LiteralString]] = {Name.ENTRY_PAGE: "v.entry_page", Name.EXIT_PAGE: "v.exit_page"}


class Where(NamedTuple):
    """A condition (`TRUE` for none) and the parameters that it takes, besides those that its function names."""

    sql: LiteralString
    parameters: dict[str, Any]


def visit_joins(filters: Filters) -> LiteralString:
    """Return the joins that `visit_condition` needs after `visits v`."""
    names = {one.name for one in filters.conditions}
    joins: LiteralString = ""
    if names & _ACQUISITION.keys():
        joins += " JOIN acquisitions a ON a.code = v.acquisition"
    if names & _SURROUNDINGS.keys():
        joins += " JOIN surroundings s ON s.code = v.surroundings"
    return joins


def visit_condition(filters: Filters) -> Where:
    """Return what the filters of visits ask of a row of `visits v` with the tables of `visit_joins`.

    Runs of video events outside any visit have no dimensions: they are `v.loose`. Takes also `site_no` and the days `low` and
    `high`, between which pages are looked up by a part of their path.
    """
    parts: list[LiteralString] = []
    parameters: dict[str, Any] = {}
    for number, one in enumerate(filters.of_visits):
        name: LiteralString = f"visit_{number}"
        if one.name in _PAGES:
            where = code_condition(one, _PAGES[one.name], name)
        else:
            where = text_condition(one, (_ACQUISITION | _SURROUNDINGS)[one.name], name)
        parts.append(where.sql)
        parameters |= where.parameters
    if not parts:
        return Where("TRUE", {})
    met: LiteralString = " AND ".join(parts)
    return Where(f"(v.loose OR ({met}))" if filters.lets_visitless else f"NOT v.loose AND {met}", parameters)


def event_condition(filters: Filters) -> Where:
    """Return what the filters of events ask of a row of `events e LEFT JOIN pages p ON p.code = e.page`.

    A page asked for by its value is one that was viewed: without a filter by event or property only page views meet it.
    """
    parts: list[LiteralString] = []
    parameters: dict[str, Any] = {}
    for number, one in enumerate(filters.of_events):
        name: LiteralString = f"event_{number}"
        column: LiteralString = "p.path"
        if one.name is Name.EVENT:
            column = "(CASE WHEN e.kind = 2 THEN e.name END)"
        elif one.name is Name.PROPERTY:
            column = f"(e.properties ->> %({name}_of)s::text)"
            parameters[f"{name}_of"] = one.key
        where = text_condition(one, column, name)
        parts.append(where.sql)
        parameters |= where.parameters
    if of_page_views(filters):
        parts.append("e.kind = 1")
    return Where(" AND ".join(parts) or "TRUE", parameters)


def holding_condition(filters: Filters) -> Where:
    """Return what the filters of events ask of `visits v`: to hold an event that meets all of them. Takes `site_no`."""
    if not filters.of_events:
        return Where("TRUE", {})
    (first, *more) = filters.of_events
    if not more and first.name is Name.EVENT and not (first.part or first.negated or "" in first.values):
        codes = codes_array(first, "held_names", Dimension.EVENT)
        return Where(f"v.names && {codes.sql}", codes.parameters)
    where = event_condition(filters)
    sql: LiteralString = f"""EXISTS (
        SELECT FROM events e LEFT JOIN pages p ON p.code = e.page
        WHERE e.site_no = %(site_no)s AND e.visit_key = ANY(v.later_keys || v.key) AND e.time BETWEEN v.start AND v.last
            AND e.day BETWEEN (to_timestamp(v.start / 1000000) AT TIME ZONE 'UTC')::date
                AND (to_timestamp(v.last / 1000000) AT TIME ZONE 'UTC')::date
            AND (e.flags & 32 = 0 OR e.visitor = v.user_key) AND {where.sql})"""
    return Where(sql, where.parameters)


def of_page_views(filters: Filters) -> bool:
    """Say whether page views alone can meet the filters of events: pages are asked for, by value, and nothing else."""
    asked = filters.of_events
    return bool(asked) and all(one.name is Name.PAGE for one in asked) and not all(one.lets_absent for one in asked)


def text_condition(one: Condition, column: LiteralString, name: LiteralString) -> Where:
    """Return a condition on a text column, with its values in the parameter `name`."""
    if one.part:
        patterns = {name: [f"%{_escaped(value)}%" for value in one.values]}
        if one.negated:
            return Where(f"({column} IS NULL OR {column} NOT ILIKE ALL(%({name})s::text[]))", patterns)
        return Where(f"{column} ILIKE ANY(%({name})s::text[])", patterns)
    return _among(one, column, f"%({name})s::text[]", {name: [value for value in one.values if value]})


def code_condition(
    one: Condition, column: LiteralString, name: LiteralString, dimension: Dimension = Dimension.PAGE
) -> Where:
    """Return a condition on a column that holds codes of pages, or of another dimension; takes what `visit_condition` does."""
    codes = codes_array(one, name, dimension)
    return _among(one, column, codes.sql, codes.parameters)


def codes_array(one: Condition, name: LiteralString, dimension: Dimension) -> Where:
    """Return the array of the codes that a condition names; of a part, those of values seen in the days."""
    if one.part:
        codes: LiteralString = f"""ARRAY(SELECT DISTINCT r.code FROM rollup_days r WHERE r.site_no = %(site_no)s
            AND r.dimension = {int(dimension)} AND r.day BETWEEN %(low)s AND %(high)s AND r.name ILIKE ANY(%({name})s::text[]))"""
        return Where(codes, {name: [f"%{_escaped(value)}%" for value in one.values]})
    return Where(f"%({name})s::bigint[]", {name: [code_of(dimension, value) for value in one.values if value]})


def _among(one: Condition, column: LiteralString, values: LiteralString, parameters: dict[str, Any]) -> Where:
    none = "" in one.values
    if one.negated:
        absent: LiteralString = f"{column} IS NOT NULL AND" if none else f"{column} IS NULL OR"
        return Where(f"({absent} {column} <> ALL({values}))", parameters)
    return Where(f"({column} IS NULL OR {column} = ANY({values}))" if none else f"{column} = ANY({values})", parameters)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
