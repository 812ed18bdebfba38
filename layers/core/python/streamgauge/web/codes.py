"""The numbers under which the rollups hold what websites count: those of entry and exit pages follow from the page's own."""

from __future__ import annotations

from streamgauge.dimensions import Dimension, code_of


def page_role(kind: Dimension, page: int) -> int:
    """Return the code of a page as entry or exit page: derived from the page's own, so a state needs no text."""
    return (page + (int(kind) << 56) + (1 << 63)) % (1 << 64) - (1 << 63)


def value_code(dimension: Dimension, name: str) -> int:
    """Return the code under which the rollups hold a value of a dimension."""
    if dimension in {Dimension.ENTRY_PAGE, Dimension.EXIT_PAGE}:
        return page_role(dimension, code_of(Dimension.PAGE, name))
    return code_of(dimension, name)
