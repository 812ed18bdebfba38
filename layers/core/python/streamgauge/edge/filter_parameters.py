"""The query of a report that can be filtered: published as one model, read from the address itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field

from streamgauge.edge.parameters import ListParameters, ReportParameters
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.reading import is_filter, read_filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

    from streamgauge.edge.http import Application
    from streamgauge.filters.models import Filters

_FORMS: Final = (
    "`v` equals, `a|b` is one of, `!v` is not, `~part` contains (in any case), `!~part` does not; an empty value is none at all; "
    "a backslash before `!`, `~`, `|` or itself makes it a plain character. All filters have to be met."
)


_NOT_COMPARED: Final = "This report is not compared with the time before: ask for either range by itself."


def _filter(about: str, name: str | None = None) -> FieldInfo:
    found: FieldInfo = Field(alias=name, description=f"Filter by {about}: {_FORMS}")
    return found


class _Filters(BaseModel):
    """Filters on every dimension but the page."""

    entry_page: Annotated[str | None, _filter("first page of the visit")] = None
    exit_page: Annotated[str | None, _filter("last page of the visit")] = None
    referrer: Annotated[str | None, _filter("referring address")] = None
    source: Annotated[str | None, _filter("source, `(direct)` for none")] = None
    channel: Annotated[str | None, _filter("channel")] = None
    utm_source: Annotated[str | None, _filter("campaign source")] = None
    utm_medium: Annotated[str | None, _filter("campaign medium")] = None
    utm_campaign: Annotated[str | None, _filter("campaign")] = None
    utm_term: Annotated[str | None, _filter("campaign term")] = None
    utm_content: Annotated[str | None, _filter("campaign content")] = None
    country: Annotated[str | None, _filter("country, a code of two letters")] = None
    region: Annotated[str | None, _filter("region")] = None
    city: Annotated[str | None, _filter("city")] = None
    browser: Annotated[str | None, _filter("browser")] = None
    os: Annotated[str | None, _filter("operating system")] = None
    device: Annotated[str | None, _filter("kind of device")] = None
    screen: Annotated[str | None, _filter("screen size")] = None
    language: Annotated[str | None, _filter("language")] = None
    event: Annotated[str | None, _filter("name of a custom event")] = None
    prop_name: Annotated[
        str | None,
        _filter("an event's property; the property's own name stands after `prop:` in place of `name`", "prop:name"),
    ] = None


class PathParameters(ListParameters, _Filters):
    """The query of a report that is about one page, and is not compared."""


class CohortParameters(PathParameters):
    """The query of a report that is not compared."""

    page: Annotated[str | None, _filter("page viewed")] = None


class FilteredParameters(ReportParameters, _Filters):
    """The query of a report with filters on every dimension."""

    page: Annotated[str | None, _filter("page viewed")] = None


class WebsiteParameters(FilteredParameters):
    """The query of a website report."""

    with_imported: Annotated[
        bool,
        Field(
            description="Add days that another tool has counted, before the first that was counted here; never with filters."
        ),
    ] = True


def asked_filters(app: Application, own: Sequence[str] = (), of: type[ListParameters] = ReportParameters) -> Filters:
    """Return the filters of a request; `own` are names of the route beside those of the model `of`.

    Raises OutOfBoundsError for a name that means nothing here, and for a filter that cannot be read.
    """
    known = {field.alias or name for name, field in of.model_fields.items()} | {*own}
    raw = app.current_event.raw_event.get("rawQueryString") or ""
    pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=None)
    for name, _ in pairs:
        if name not in known and not is_filter(name):
            message = _NOT_COMPARED if name == "compare" else "This report knows no parameter of this name."
            raise OutOfBoundsError(message, [(["query", name], message)])
    return read_filters((name, text) for name, text in pairs if name not in known)
