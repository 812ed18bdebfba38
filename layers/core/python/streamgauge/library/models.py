"""The catalogue as the API takes it."""

from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    StringConstraints,
    ValidationError,
    model_validator,
)
from typing_extensions import TypedDict

from streamgauge.sessions.models import LONGEST_ID, printable

MOST_ENTRIES: Final = 5_000
"""Entries a request."""
MOST_GENRES: Final = 50
BYTES_PER_GB: Final = 10**9
_LARGEST: Final = 10**17
_LONGEST_SECONDS: Final = 10_000_000

Change = dict[str, Any]
"""Values by column, only those that were told; null empties."""


def _distinct(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _text(value: object) -> object:
    """Take a number for an id, as servers that count their items write it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ID),
    AfterValidator(printable),
    BeforeValidator(_text, json_schema_input_type=str),
]
Kind = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(printable)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(printable)]
Genre = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(printable)
]


class _Entry(BaseModel):
    """Something of the catalogue. What is left out stays as it was; null empties it."""

    model_config = ConfigDict(frozen=True)

    def change(self) -> Change:
        """Return the columns that were told."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: None if value == "" else value for name, value in given.items()}


class Library(_Entry):
    """A library, such as films, series or music."""

    name: Name | None = None
    type: Annotated[Kind | None, Field(examples=["movie", "show", "music"])] = None


class Item(_Entry):
    """A film, an episode, a track, a video. `deleted` takes it out of the catalogue."""

    content_id: Annotated[Id, Field(description="As in sessions and views; `id` is taken too.")]
    title: Name | None = None
    type: Annotated[Kind | None, Field(description="`content_type` is taken too.", examples=["movie", "episode"])] = (
        None
    )
    library_id: Id | None = None
    genres: Annotated[list[Genre], Field(max_length=MOST_GENRES), AfterValidator(_distinct)] | None = None
    size_bytes: Annotated[int | None, Field(ge=0, le=_LARGEST)] = None
    size_gb: Annotated[
        float | None,
        Field(ge=0, le=_LARGEST // BYTES_PER_GB, allow_inf_nan=False, description="Instead of bytes; of 10^9 bytes."),
    ] = None
    duration_seconds: Annotated[float | None, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)] = None
    deleted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _other_names(cls, data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        length = dict.fromkeys(("runtime_seconds", "duration"), "duration_seconds")
        return _renamed(data, {"id": "content_id", "content_type": "type", **length})

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.size_bytes is not None and self.size_gb is not None:
            raise ValueError("give `size_bytes` or `size_gb`, not both")
        return self

    def change(self) -> Change:
        """Return the columns that were told."""
        given = super().change()
        if "size_gb" in given:
            size = given.pop("size_gb")
            given["size_bytes"] = self.size_bytes if size is None else round(size * BYTES_PER_GB)
        if "duration_seconds" in given:
            given["duration"] = given.pop("duration_seconds") or None
        if "genres" in given:
            given["genres"] = given["genres"] or []
        return {name: value for name, value in given.items() if name not in {"content_id", "deleted"}}


class User(_Entry):
    """Somebody who may watch, whether or not they ever did. `deleted` takes them out of the catalogue; their sessions stay."""

    user_id: Annotated[Id, Field(description="As in sessions; `id` is taken too.")]
    name: Name | None = None
    deleted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _other_names(cls, data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        return _renamed(data, {"id": "user_id", "username": "name"})

    def change(self) -> Change:
        """Return the columns that were told."""
        return {name: value for name, value in super().change().items() if name not in {"user_id", "deleted"}}


class Items(BaseModel):
    """Items, each looked at by itself: those that are refused keep no other out."""

    items: Annotated[list[SkipValidation[Item]], Field(max_length=MOST_ENTRIES)]


class Users(BaseModel):
    """Users, each looked at by itself."""

    users: Annotated[list[SkipValidation[User]], Field(max_length=MOST_ENTRIES)]


class Refused(TypedDict):
    """An entry that was not taken: its place in the request, its id if it has one, and why."""

    index: int
    id: str | None
    code: str
    detail: str


class Upserted(TypedDict):
    """What became of a request: entries taken, those among them that were deleted, and those refused."""

    accepted: int
    deleted: int
    rejected: list[Refused]


class CataloguedLibrary(TypedDict):
    """A library of the catalogue."""

    library_id: str
    name: str | None
    type: str | None


Entry = TypeVar("Entry", bound=_Entry)


def items_of(given: list[Any]) -> tuple[list[Item], list[Refused]]:
    """Return the items of a request that are right, and what is wrong with the others."""
    return _each(Item, given, ("content_id", "id"))


def users_of(given: list[Any]) -> tuple[list[User], list[Refused]]:
    """Return the users of a request that are right, and what is wrong with the others."""
    return _each(User, given, ("user_id", "id"))


def _each(model: type[Entry], given: list[Any], ids: tuple[str, ...]) -> tuple[list[Entry], list[Refused]]:
    taken: list[Entry] = []
    refused: list[Refused] = []
    for index, one in enumerate(given):
        try:
            taken.append(model.model_validate(one))
        except ValidationError as error:
            found = [one.get(name) for name in ids] if isinstance(one, dict) else []
            known = next((name for name in found if isinstance(name, str)), None)
            refused.append({"index": index, "id": known, "code": "invalid", "detail": _told(error)})
    return taken, refused


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'entry'}: {one['msg']}" for one in error.errors()[:5])


def _renamed(data: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return an object with other tools' names in ours; where both stand, ours holds."""
    if not isinstance(data, dict):
        return data
    found = {names.get(name, name): value for name, value in data.items() if name in names}
    return {**found, **{name: value for name, value in data.items() if name not in names}}
