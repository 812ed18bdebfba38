"""Takes a person's ids out of dead letters: the body of a letter that names one is blanked, the letter stays and counts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from streamgauge.store import dead_letters

if TYPE_CHECKING:
    from collections.abc import Iterable

_AT_ONCE: Final = 200


def mentions(ids: Iterable[str]) -> re.Pattern[bytes]:
    """Return what matches a body in which one of the ids stands as a value: of JSON, of a form or an address.

    A number may be an id too, where it is the value of a field whose name ends in `id`.
    """
    forms: set[bytes] = set()
    for text in ids:
        plain, escaped = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
        forms |= {form.encode("utf-8", "surrogatepass") for form in (text, plain, escaped)}
        forms.add(quote(text, safe="", errors="surrogatepass").encode())
    any_of = b"(?:" + b"|".join(re.escape(form) for form in sorted(forms)) + b")"
    quoted = rb"""["'=/]""" + any_of + rb"""(?:["'&/\s]|\\"|$)"""
    numeric = rb"""(?i:id)\\?"\s*:\s*""" + any_of + rb"""\s*[,}\]]"""
    return re.compile(quoted + b"|" + numeric)


def blank(site_id: str, ids: Iterable[str]) -> int:
    """Blank every letter of a site that names one of the ids and return how many. Safe to repeat. Raises StoreAwayError."""
    pattern = mentions(ids)
    blanked = 0
    entries = dead_letters.of_site(site_id)
    for start in range(0, len(entries), _AT_ONCE):
        some = entries[start : start + _AT_ONCE]
        for entry, body in zip(some, dead_letters.bodies(some), strict=True):
            told = (entry.event_id or "", entry.detail or "", (entry.derived or b"").decode(errors="replace"))
            if pattern.search(body) or pattern.search(json.dumps(told, ensure_ascii=False).encode()):
                dead_letters.blank(entry)
                blanked += 1
    return blanked
