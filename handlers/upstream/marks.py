"""Marks: by which an incident that was written at a Statuspage elsewhere is known again, if no answer came."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

GROUP = "keydesk"
"""The name in an incident's `metadata` below which a mark stands."""
CLOCKS_APART = timedelta(minutes=5)
"""By so much the clock there may be behind."""
PER_PAGE = 100
_MOST_PAGES = 5
"""So many hundred were not opened since: a server that never says that it is through is not asked for ever."""

Ask = Callable[[str], Awaitable[Any]]
"""Gives what a GET of a path was answered with, read as JSON; raises where it was not answered so."""


def put_mark(incident: Mapping[str, Any], mark: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an incident with a mark in its `metadata`, beside whatever else stands there."""
    return {**incident, "metadata": {**(incident.get("metadata") or {}), GROUP: dict(mark)}}


def has_mark(incident: Mapping[str, Any], mark: Mapping[str, str]) -> bool:
    """Whether an incident, as the Statuspage tells of it, has all that is in the mark."""
    metadata = incident.get("metadata")
    there = metadata.get(GROUP) if isinstance(metadata, dict) else None
    return isinstance(there, dict) and all(there.get(name) == value for name, value in mark.items())


async def find_marked(ask: Ask, page_id: str, mark: Mapping[str, str], *, since: datetime) -> dict[str, Any] | None:
    """The incident of a page that has the mark, if one does of those that were opened about or after `since`.

    Of those that were written down afterwards, `since` is no later than when they began. Raises what `ask` does.
    """
    for number in range(1, _MOST_PAGES + 1):
        found = await ask(f"/v1/pages/{page_id}/incidents?limit={PER_PAGE}&page={number}")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        for row in rows:
            if has_mark(row, mark):
                return row
        # They come the newest first.
        if len(rows) < PER_PAGE or _began_before(rows[-1], since - CLOCKS_APART):
            return None
    return None


def _began_before(row: Mapping[str, Any], instant: datetime) -> bool:
    at = read_instant(row.get("created_at"))
    return at is not None and at < instant


def read_instant(value: object) -> datetime | None:
    """An instant as Statuspage writes it; None where it is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) if at is not None else None
