"""What a call makes, and by what it is known again where nobody heard whether it was made.

An incident bears a mark. Everything else has no place for one: it is known by what was said of it, and by when it was
made.
"""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import quote

from desk.incidents.elsewhere.following import bare_words
from handlers.http.gateway.needs import list_places
from handlers.http.v1.operations import Key, Operation
from handlers.upstream.marks import PER_PAGE, find_marked, put_mark, read_instant
from storage.upstream_posts import SentPost

Row = Mapping[str, Any]
Ask = Callable[[str], Awaitable[Any]]
"""Gives what a GET of a path was answered with, read as JSON."""
IsTaken = Callable[[Collection[str]], Awaitable[Collection[str]]]
"""Gives those of some ids that are known to be of other calls."""

CLOCKS_APART = timedelta(seconds=15)
"""By so much the clock there may be behind: what is older was not made by this call."""
_MOST_PAGES = 20


class Making(Protocol):
    """Something that a call makes."""

    @property
    def success(self) -> int:
        """What the call is answered with where it was made before."""

    def put_mark(self, members: Row, mark: str, /) -> Row | None:
        """What the call says, with the mark where there is a place for it; None where it cannot be known again."""

    def look_at(self, subject_id: str, /) -> str:
        """The path by which what was made is read."""

    def pick(self, found: Any, subject_id: str | None = None, /) -> Row | None:
        """What was made, in what was answered."""

    def id_of(self, row: Row) -> str | None:
        """What it is known by."""

    def facts(self, row: Row) -> Sequence[Any]:
        """What tells it as it is now."""

    async def find(self, ask: Ask, sent: SentPost, members: Row, is_taken: IsTaken, /) -> Row | None:
        """What was made, if upstream has it. Raises what `ask` does."""


@dataclass(frozen=True, slots=True)
class MakesIncident:
    """An incident, on a page."""

    page_id: str
    success: int = 201

    def put_mark(self, members: Row, mark: str) -> Row | None:
        """Beside whatever else stands in its metadata."""
        fields = members.get("incident", members)
        if not isinstance(fields, dict) or not isinstance(fields.get("metadata") or {}, dict):
            return None
        marked = put_mark(fields, mark_of(mark))
        return {**members, "incident": marked} if "incident" in members else marked

    def look_at(self, subject_id: str) -> str:
        """Its own address."""
        return f"pages/{self.page_id}/incidents/{subject_id}"

    def pick(self, found: Any, _subject_id: str | None = None) -> Row | None:
        """All of it."""
        return found if isinstance(found, dict) else None

    def id_of(self, row: Row) -> str | None:
        """Its own."""
        return _id_of(row)

    def facts(self, row: Row) -> Sequence[Any]:
        """Not when it was changed last: that moves where nobody said anything."""
        return [row.get("name"), row.get("status"), row.get("scheduled_for"), [one.get("id") for one in said_of(row)]]

    async def find(self, ask: Ask, sent: SentPost, _members: Row, _is_taken: IsTaken) -> Row | None:
        """By its mark."""
        return await find_marked(ask, self.page_id, mark_of(sent.mark), since=sent.begun_at)


@dataclass(frozen=True, slots=True)
class MakesUpdate:
    """An update, by a change of an incident that says something."""

    page_id: str
    incident_id: str
    success: int = 200

    def put_mark(self, members: Row, _mark: str) -> Row | None:
        """It is known by its words."""
        return members

    def look_at(self, _subject_id: str) -> str:
        """The incident is what is answered."""
        return f"pages/{self.page_id}/incidents/{self.incident_id}"

    def pick(self, found: Any, _subject_id: str | None = None) -> Row | None:
        """The incident."""
        return found if isinstance(found, dict) else None

    def id_of(self, row: Row) -> str | None:
        """That of the update, which is the newest."""
        updates = said_of(row)
        return _id_of(updates[0]) if updates else None

    def facts(self, row: Row) -> Sequence[Any]:
        """Who says it again when something else was said means it."""
        return [row.get("name"), row.get("status"), [one.get("id") for one in said_of(row)]]

    async def find(self, ask: Ask, sent: SentPost, members: Row, is_taken: IsTaken) -> Row | None:
        """The incident, where its newest update has these words."""
        row = self.pick(await ask(f"/v1/{self.look_at('')}"))
        updates = said_of(row) if row is not None else []
        newest = _id_of(updates[0]) if updates else None
        if row is None or newest is None or not _is_since(updates[0], sent):
            return None
        words = [words for place in list_places(members) if (words := words_in(place))]
        is_said = any(bare_words(one) == bare_words(str(updates[0].get("body"))) for one in words)
        return row if is_said and not await is_taken([newest]) else None


@dataclass(frozen=True, slots=True)
class MakesThing:
    """Something with a name, or with an address."""

    at: str
    """The path of the list in which it stands."""
    envelope: str
    told_by: Sequence[str]
    """Members that say which one it is, as far as they are said."""
    by_search: bool = False
    """The list may be long, and is searched for the first of these."""
    first_page: int = 1
    by_page: str = "per_page"
    one_at: str = ""
    """Where it is read alone, if not in the list's path; `-`: nowhere."""
    success: int = 201

    def put_mark(self, members: Row, _mark: str) -> Row | None:
        """It is known where something tells it."""
        return members if any(self._said(members).values()) else None

    def look_at(self, subject_id: str) -> str:
        """Its own address, or the list's."""
        return (
            f"{self.at}?{self.by_page}={PER_PAGE}" if self.one_at == "-" else f"{self.one_at or self.at}/{subject_id}"
        )

    def pick(self, found: Any, subject_id: str | None = None) -> Row | None:
        """That, or the one of this id in a list."""
        rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        if rows:
            return next((row for row in rows if row.get("id") == subject_id), None)
        return found if isinstance(found, dict) else None

    def id_of(self, row: Row) -> str | None:
        """Its own."""
        return _id_of(row)

    def facts(self, row: Row) -> Sequence[Any]:
        """What tells it."""
        return [row.get(name) for name in self.told_by]

    async def find(self, ask: Ask, sent: SentPost, members: Row, is_taken: IsTaken) -> Row | None:
        """One that is so, and that no other call made. Of several the newest is as good as any."""
        said = self._said(members)
        alike = []
        for number in range(self.first_page, self.first_page + _MOST_PAGES):
            search = f"&q={quote(next(one for one in said.values() if one))}" if self.by_search else ""
            found = await ask(f"/v1/{self.at}?{self.by_page}={PER_PAGE}&page={number}{search}")
            rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            alike += [row for row in rows if _id_of(row) and self._is(row, said) and _is_since(row, sent)]
            if len(rows) < PER_PAGE:
                break
        taken = await is_taken([str(row["id"]) for row in alike]) if alike else ()
        ours = [row for row in alike if row["id"] not in taken]
        return max(ours, key=lambda row: str(row.get("created_at")), default=None)

    def _said(self, members: Row) -> dict[str, str]:
        fields = members.get(self.envelope, members)
        said = fields if isinstance(fields, dict) else {}
        return {name: _bare(said.get(name)) for name in self.told_by}

    def _is(self, row: Row, said: Mapping[str, str]) -> bool:
        is_group = self.envelope == "component" and bool(row.get("group"))
        return not is_group and all(_bare(row.get(name)) == value for name, value in said.items() if value)


def find_making(operation: Operation | None, path: Mapping[str, str], members: Row) -> Making | None:
    """What a call makes that would be there twice if it came twice; None where there is no such thing, or no way to
    find it again."""
    if operation is None:
        return None
    key = (operation.method, operation.path)
    if key == ("POST", "pages/{page_id}/incidents"):
        return MakesIncident(path["page_id"])
    if operation.path == "pages/{page_id}/incidents/{incident_id}" and operation.method in ("PUT", "PATCH"):
        says = any(words_in(place) for place in list_places(members))
        return MakesUpdate(path["page_id"], path["incident_id"]) if says else None
    thing = _THINGS.get(key)
    return thing(operation.path.format_map(path), path) if thing is not None else None


def said_of(row: Row) -> Sequence[Row]:
    """The updates of an incident, the newest first."""
    updates = row.get("incident_updates")
    return [one for one in updates if isinstance(one, dict)] if isinstance(updates, list) else []


def words_in(fields: Row) -> str:
    """What a change of an incident says."""
    return str(fields.get("body") or fields.get("message") or "")


def mark_of(mark: str) -> Mapping[str, str]:
    """A mark as it stands in an incident's metadata."""
    return {"call": mark}


def read_json(body: bytes) -> Any:
    """What an answer says; None where it is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


_Thing = Callable[[str, Mapping[str, str]], MakesThing]
_THINGS: Mapping[Key, _Thing] = {
    ("POST", "pages/{page_id}/components"): lambda at, _: MakesThing(at, "component", ("name", "group_id")),
    ("POST", "pages/{page_id}/component-groups"): lambda at, _: MakesThing(at, "component_group", ("name",)),
    ("POST", "pages/{page_id}/incident_templates"): lambda at, _: MakesThing(
        at, "template", ("name", "title", "body", "update_status"), one_at="-"
    ),
    ("POST", "pages/{page_id}/subscribers"): lambda at, _: MakesThing(
        at, "subscriber", ("email", "endpoint", "phone_number"), by_search=True, first_page=0, by_page="limit"
    ),
    ("POST", "pages/{page_id}/incidents/{incident_id}/subscribers"): lambda at, _: MakesThing(
        at, "subscriber", ("email", "phone_number")
    ),
    ("POST", "pages/{page_id}/metrics_providers"): lambda at, _: MakesThing(
        at, "metrics_provider", ("type", "metric_base_uri")
    ),
    ("POST", "pages/{page_id}/metrics_providers/{metrics_provider_id}/metrics"): lambda at, path: MakesThing(
        at, "metric", ("name", "metric_identifier"), one_at=f"pages/{path['page_id']}/metrics"
    ),
    ("POST", "pages/{page_id}/page_access_groups"): lambda at, _: MakesThing(
        at, "page_access_group", ("name", "external_identifier")
    ),
    ("POST", "pages/{page_id}/page_access_users"): lambda at, _: MakesThing(
        at, "page_access_user", ("email", "external_login"), success=200
    ),
}


def _id_of(row: Row) -> str | None:
    found = row.get("id")
    return found if isinstance(found, str) and 0 < len(found) <= 64 else None


def _bare(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _is_since(row: Row, sent: SentPost) -> bool:
    # Templates do not say when they were made: one that says exactly this is as good as another.
    at = read_instant(row.get("created_at"))
    return at is None or at >= sent.begun_at - CLOCKS_APART
