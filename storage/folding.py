"""Comparing names as people do: whatever their case, and whether an accent is a character of its own or not."""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, String, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

SQLITE_FUNCTION = "keydesk_folded"
"""What connections to SQLite are given, whose own `lower` knows the letters of English alone."""

COLLATION = "keydesk_collation"
"""What the dialect of a PostgreSQL database carries: the name of the collation whose letters are compared by. In a
database made without a locale, its own knows the letters of English alone."""
COLLATIONS = ("pg_unicode_fast", "und-x-icu", "pg_c_utf8", "C.utf8", "C.UTF-8", "en_US.utf8")
"""Those that know the letters of all alphabets, the best first. Which of them there are depends on the server."""


def fold(text: str) -> str:
    """A text for comparison: composed, in the case of its alphabet that comparisons are made in."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


_UNSEEN = re.compile(
    "[\u200b\u200e\u200f\u061c\u2060\ufeff\u00ad]|(?<![^\x20-\u052f])[\u200c\u200d]+(?![^\x20-\u052f])"
)
"""Marks of direction, spaces without width, and joiners where no letters join: between those of Latin, Greek and
Cyrillic. Emoji and other scripts need theirs."""


def without_unseen(name: str) -> str:
    """A name without the signs that nobody sees, as names are kept: one that looks like another is that one."""
    return _UNSEEN.sub("", name)


class folded(GenericFunction[str]):  # noqa: N801 - used like SQLAlchemy's own functions
    """The same in SQL, for a column or a value. Compare what was folded by one of the two alone: a few letters come
    out in another way (Turkish ı)."""

    type = String()
    inherit_cache = True
    name = "folded"


@compiles(folded, "sqlite")
def _on_sqlite(element: folded, compiler: Any, **options: Any) -> str:
    return f"{SQLITE_FUNCTION}({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _on_postgresql(element: folded, compiler: Any, **options: Any) -> str:
    collation = getattr(compiler.dialect, COLLATION, "default")
    composed = f'normalize({compiler.process(element.clauses, **options)}) COLLATE "{collation}"'
    # Capitals first, as `casefold` has it: STRASSE is Straße. Only then is every sigma the same one.
    return f"""(translate(lower(upper({composed})), 'ς', 'σ') COLLATE "C")"""


class in_order(GenericFunction[str]):  # noqa: N801 - as above
    """What names are sorted by: as `folded`, but SQLite takes letters beyond English as they are: an index should
    not rest on a function of ours. `ix_api_key_by_name` holds keys in this order."""

    type = String()
    inherit_cache = True
    name = "in_order"


@compiles(in_order, "sqlite")
def _in_order_on_sqlite(element: in_order, compiler: Any, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} COLLATE NOCASE"


@compiles(in_order, "postgresql")
def _in_order_on_postgresql(element: in_order, compiler: Any, **options: Any) -> str:
    return str(compiler.process(folded(*element.clauses), **options))


_ESCAPE = "/"


def _as_pattern(text: str) -> folded:
    """A text whose signs mean themselves in `LIKE … ESCAPE '/'`."""
    return folded(re.sub(r"([/%_])", r"/\1", text))


def is_called(column: ColumnElement[Any] | Any, name: str) -> ColumnElement[bool]:
    """Whether a column holds this name, in any case and form, with or without signs that nobody sees."""
    seen = without_unseen(name)
    same = folded(column) == folded(name)
    return same if seen == name else or_(same, folded(column) == folded(seen))


def begins_with(column: ColumnElement[Any] | Any, text: str) -> ColumnElement[bool]:
    """Whether what a column holds begins with a text, in any case and form."""
    return folded(column).startswith(_as_pattern(text), escape=_ESCAPE)


def holds(column: ColumnElement[Any] | Any, text: str) -> ColumnElement[bool]:
    """Whether what a column holds has a text in it, in any case and form."""
    return folded(column).contains(_as_pattern(text), escape=_ESCAPE)
