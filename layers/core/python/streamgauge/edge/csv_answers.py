"""Reports as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from streamgauge.edge.origin import header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a formula of a text; spreadsheets of East Asian settings take the full-width signs as well."""


def wants_csv(event: Mapping[str, Any]) -> bool:
    """Say whether the caller accepts CSV rather than JSON."""
    accepted = header(event, "accept").lower()
    return "text/csv" in accepted and "application/json" not in accepted


def write_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows with a head line of their keys, in order of first appearance; an empty list is an empty text.

    What a row had in the time before stands behind it, in columns of its own: `previous_<name>` and `change_<name>`.
    """
    rows = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defuse(name) for name in names])
    writer.writerows([defuse(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def _flat(row: Mapping[str, Any]) -> Mapping[str, Any]:
    compared = row.get("comparison")
    if compared is None:
        return row
    own = {name: value for name, value in row.items() if name != "comparison"}
    previous = {f"previous_{name}": before["value"] for name, before in compared.items()}
    return own | previous | {f"change_{name}": before["change"] for name, before in compared.items()}


def defuse(value: object) -> object:
    """Return a cell; a text that a spreadsheet would run as a formula gets an apostrophe before it. Numbers stay as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
