"""What all shapes have in common."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

T = TypeVar("T")
MOST_ON_A_PAGE = 100


def instant(at: datetime) -> str:
    """An instant as the API writes it: ISO 8601 with milliseconds, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


Instant = Annotated[
    datetime,
    PlainSerializer(instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:00:00.000Z"]}),
]


class Shape(BaseModel):
    """Something that is answered."""

    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    """A body: the members that there are, each of its own kind, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """What may stand behind the question mark, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Paged(Query):
    """A list in parts."""

    page: int = Field(1, ge=1, le=1_000_000, description="Which part, from 1.")
    per_page: int = Field(50, ge=1, le=MOST_ON_A_PAGE, description="How many in a part.")

    @property
    def offset(self) -> int:
        """How many come before the part."""
        return (self.page - 1) * self.per_page


class Part(Shape, Generic[T]):
    """A part of a list."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Its title in the description."""
        return f"{params[0].__name__.removesuffix('Shown').removesuffix('Of')}List"

    items: Sequence[T]
    total: int = Field(description="How many there are in all.")
    page: int
    per_page: int


def part_of(rows: Sequence[T], asked: Paged) -> Sequence[T]:
    """The rows that are asked for, of all."""
    return rows[asked.offset : asked.offset + asked.per_page]


def _whole(value: object) -> object:
    # In JSON there is one kind of number, and 1.0 is whole.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_date(value: object) -> object:
    if isinstance(value, str) and "-" not in value:
        raise ValueError("must be a date and a time, not a number")
    return value


Version = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_whole)]
Days = Annotated[int, Field(ge=1, le=36_500), BeforeValidator(_whole)]
GivenInstant = Annotated[AwareDatetime, BeforeValidator(_as_date)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]
"""Something that is said; of names, what is longer than they may be is refused by the rule for those."""


class Nothing(Given):
    """A body with nothing in it; it may be left out."""


class Versioned(Given):
    """A body that may say what its sender saw."""

    version: Version | None = Field(None, description="The version that you saw: refused when it was changed since.")


class Error(Shape):
    """Why a call was refused."""

    error: str = Field(description="One sentence.")
    message: str = Field(description="The same, under the name that other clients read.")
    hint: str = Field(description="What to do next; empty where there is nothing to say.")
    field: str | None = Field(None, description="Which member or parameter it is about, where it is about one.")
    problems: Sequence[str] | None = Field(None, description="All that is wrong, where that is more than one thing.")
