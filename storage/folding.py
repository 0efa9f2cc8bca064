"""Comparing names as people do: whatever their case, and whether an accent is a character of its own or not."""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

SQLITE_FUNCTION = "keydesk_folded"
"""What connections to SQLite are given, whose own `lower` knows the letters of English alone."""


def fold(text: str) -> str:
    """A text for comparison: composed, in the case of its alphabet that comparisons are made in."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class folded(GenericFunction[str]):  # noqa: N801 - used like SQLAlchemy's own functions
    """The same in SQL, for a column or a value. Compare what was folded by one of the two alone: PostgreSQL's `lower`
    leaves a few letters (ß) that `fold` takes apart."""

    type = String()
    inherit_cache = True
    name = "folded"


@compiles(folded, "sqlite")
def _on_sqlite(element: folded, compiler: Any, **options: Any) -> str:
    return f"{SQLITE_FUNCTION}({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _on_postgresql(element: folded, compiler: Any, **options: Any) -> str:
    return f"lower(normalize({compiler.process(element.clauses, **options)}))"


_ESCAPE = "/"


def _as_pattern(text: str) -> folded:
    """A text whose signs mean themselves in `LIKE … ESCAPE '/'`."""
    return folded(re.sub(r"([/%_])", r"/\1", text))


def is_called(column: ColumnElement[Any] | Any, name: str) -> ColumnElement[bool]:
    """Whether a column holds this name, in any case and form."""
    return folded(column) == folded(name)


def begins_with(column: ColumnElement[Any] | Any, text: str) -> ColumnElement[bool]:
    """Whether what a column holds begins with a text, in any case and form."""
    return folded(column).startswith(_as_pattern(text), escape=_ESCAPE)


def holds(column: ColumnElement[Any] | Any, text: str) -> ColumnElement[bool]:
    """Whether what a column holds has a text in it, in any case and form."""
    return folded(column).contains(_as_pattern(text), escape=_ESCAPE)
