"""What windows and buttons carry, read again: what is none of this release's is refused in words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from desk.errors import KeydeskError

T = TypeVar("T")


class ForeignWindowError(KeydeskError):
    """What a window carries cannot be read."""

    def __init__(self) -> None:
        super().__init__("This is from another release of Keydesk.", "Close it and begin anew.")


@contextmanager
def our_window() -> Iterator[None]:
    """What in the block finds no sense in what a window or a button carries raises ForeignWindowError."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ForeignWindowError from error


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def shaped(shape: type[T], values: Any) -> T:
    """An object of a dataclass, each value of the type that it says. Raises ForeignWindowError."""
    with our_window():
        key: Any = shape
        made: T = _adapter(key).validate_python(values)
        return made


def unpack(shape: type[T], text: str) -> T:
    """The same from JSON. Raises ForeignWindowError."""
    with our_window():
        return shaped(shape, json.loads(text))
