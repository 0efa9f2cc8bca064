"""Files of keys that people hold already: CSV or JSON Lines, read into rows. Pure.

What is refused is named by its line and its column; no value is repeated, as it may be a secret in the wrong place.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from desk.errors import InvalidInputError, Problems
from desk.requests.held_keys import HeldKey

COLUMNS = ("key", "email", "name", "purpose", "scopes", "pages", "from", "expires", "holder")
"""Only `key` has to be there, and `email` or `name`."""
MOST_ROWS = 10_000
_SEPARATORS = ",;\t"
_IN_A_CELL = re.compile(r"[\s,;|]+")
_PAGES_IN_A_CELL = re.compile(r"\s*[,;|]\s*")


def read_held_keys(text: str) -> Sequence[HeldKey]:
    """The rows of a file. Raises InvalidInputError, which knows everything that is wrong."""
    problems = Problems()
    rows: list[HeldKey] = []
    with problems.gathered():
        lines = _read_json(text, problems) if text.lstrip().startswith("{") else _read_csv(text)
        for number, fields in lines:
            with problems.gathered():
                rows.append(_row(number, fields))
            if len(rows) > MOST_ROWS:
                raise InvalidInputError(f"The file has more than {MOST_ROWS} rows.", "Import it in parts.")
    problems.refuse()
    if not rows:
        raise InvalidInputError("There is no key in the file.", f"Columns are: {', '.join(COLUMNS)}.")
    return rows


def _read_csv(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    header = text.lstrip().split("\n", 1)[0]
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    names: list[str] | None = None
    try:
        for cells in reader:
            number = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _check_names([cell.strip().lower() for cell in cells], number)
            elif len(cells) > len(names) or len(cells) < names.index("key") + 1:
                raise InvalidInputError(f"Line {number} has {len(cells)} columns, and the first {len(names)}.")
            else:
                yield number, dict(zip(names, cells, strict=False))
    except csv.Error:
        raise InvalidInputError(
            f"Line {reader.line_num} is not CSV.", "Is a quotation mark open, or a NUL in the file?"
        ) from None


def _read_json(text: str, problems: Problems) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_refuse_doubles)
            if not isinstance(value, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError):
            problems.add(f"Line {number} is no JSON object.", 'Each line is one, like {"key": "…"}.')
            continue
        with problems.gathered():
            _check_names(list(value), number)
            yield number, value


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name twice")
    return values


def _check_names(names: list[str], number: int) -> list[str]:
    if len(set(names)) != len(names):
        raise InvalidInputError(f"Line {number} names a column twice.", f"Columns are: {', '.join(COLUMNS)}.")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "key" not in names:
        # What stands there may be a key: a file without its header begins with one.
        what = f"The column {names.index(unknown[0]) + 1} is none that" if unknown else "The column “key” is not what"
        raise InvalidInputError(
            f"Line {number}: {what} Keydesk knows.",
            f"The first line names the columns, of which there are: {', '.join(COLUMNS)}.",
        )
    return names


def _row(number: int, fields: Mapping[str, Any]) -> HeldKey:
    return HeldKey(
        line=number,
        key=_text(number, fields, "key"),
        email=_text(number, fields, "email"),
        name=_text(number, fields, "name"),
        purpose=_text(number, fields, "purpose"),
        scopes=_words(number, fields, "scopes", _IN_A_CELL),
        pages=_words(number, fields, "pages", _PAGES_IN_A_CELL),
        networks=_words(number, fields, "from", _IN_A_CELL),
        expires=_text(number, fields, "expires"),
        holder=_text(number, fields, "holder"),
    )


def _text(number: int, fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInputError(f"Line {number}, {name}: that is no text.", field=name)
    return (value or "").strip()


def _words(number: int, fields: Mapping[str, Any], name: str, between: re.Pattern[str]) -> tuple[str, ...]:
    value = fields.get(name)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(one.strip() for one in value if one.strip())
    return tuple(word for word in between.split(_text(number, fields, name)) if word)
