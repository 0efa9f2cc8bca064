"""What a Statuspage elsewhere says of itself, read by its API."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from desk.errors import KeydeskError
from desk.pages.fields import COLUMN_FIELDS, PAGE_FIELDS
from desk.pages.rules import find_zone
from desk.texts import can_be_kept, without_broken
from desk.upstreams.copies import ComponentThere, PageThere
from handlers.upstream.client import Fault, Outgoing, UpstreamClient, UpstreamError
from storage.models import ComponentStatus

_PER_PAGE = 100
_MOST_PAGES = 100
"""So many hundred components has no page: a server that never says that it is through is not asked for ever."""
_LARGEST = 8 * 1024 * 1024


class UnreadableError(KeydeskError):
    """The Statuspage elsewhere could not be read. `status` is what it answered, where it did."""

    def __init__(self, sentence: str, hint: str = "", *, status: int | None = None) -> None:
        super().__init__(sentence, hint)
        self.status = status


_Id = Annotated[str, Field(pattern=r"^[a-z0-9]{1,12}$")]
_Text = Annotated[str, AfterValidator(without_broken)]
_Position = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: _Id


class _Page(_Row):
    name: _Text


class _Component(_Row):
    name: _Text
    position: _Position = 1
    status: ComponentStatus | None = None
    description: _Text | None = None
    group: bool | None = False
    group_id: _Id | None = None
    showcase: bool | None = True
    only_show_if_degraded: bool | None = False
    start_date: date | None = None


_PAGES = TypeAdapter(list[_Page])
_PAGE = TypeAdapter(_Page)
_COMPONENTS = TypeAdapter(list[_Component])

Turn = Callable[[], Awaitable[str]]
"""Waits until one more call may be made; gives the key to make it with."""


class UpstreamReader:
    """Reads with the key that it was given, or with that of each turn."""

    def __init__(self, client: UpstreamClient, base_url: str, key: str | Turn) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key

    async def is_taken(self) -> bool | None:
        """Whether the key is; None where nobody can tell."""
        try:
            await self.ask("/v1/pages")
        except UnreadableError as error:
            return False if error.status == 401 else None
        return True

    async def check(self) -> None:
        """Raise UnreadableError unless the key is taken, and what answers is a Statuspage."""
        _understood(_PAGES, await self.ask("/v1/pages"))

    async def read_pages(self) -> Sequence[PageThere]:
        """All pages with their components. Raises UnreadableError."""
        return [await self._read_page(row) for row in _understood(_PAGES, await self.ask("/v1/pages"))]

    async def read_page(self, page_id: str) -> PageThere:
        """One page with its components. Raises UnreadableError."""
        return await self._read_page(_understood(_PAGE, await self.ask(f"/v1/pages/{page_id}")))

    async def _read_page(self, row: _Page) -> PageThere:
        extra = row.model_extra or {}
        fields = {name: extra[name] for name in PAGE_FIELDS if _is_kept(name, extra.get(name))}
        # What moved while its list was read in parts is in two of them.
        rows = {one.id: one async for one in self._read_components(row.id)}
        groups = {one.id for one in rows.values() if one.group}
        components = [_as_there(one, groups) for one in rows.values()]
        return PageThere(id=row.id, name=row.name, fields=fields, components=components)

    async def _read_components(self, page_id: str) -> AsyncIterator[_Component]:
        for number in range(1, _MOST_PAGES + 1):
            path = f"/v1/pages/{page_id}/components?page={number}&per_page={_PER_PAGE}"
            rows = _understood(_COMPONENTS, await self.ask(path))
            for row in rows:
                yield row
            if len(rows) < _PER_PAGE:
                return

    async def ask(self, path: str) -> bytes:
        """What a GET of a path is answered with. Raises UnreadableError."""
        secret = self._key if isinstance(self._key, str) else await self._key()
        headers = ((b"authorization", b"OAuth " + secret.encode()), (b"accept", b"application/json"))
        call = Outgoing("GET", self._base_url + path, headers)
        try:
            async with self._client.send(call) as answer:
                body = b""
                async for chunk in answer.chunks():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise UnreadableError(f"{self._base_url} answers with more than anybody could keep.")
                status = answer.status
        except UpstreamError as error:
            hint = "Is the address right, and may this machine reach it?"
            if error.fault is Fault.UNTRUSTED:
                hint = (
                    "Its certificate is over, another's, or by an authority that is not in KEYDESK_UPSTREAM_CA_FILE."
                )
            raise UnreadableError(f"{self._base_url} does not answer ({error.fault}).", hint) from error
        if status in (401, 403):
            raise UnreadableError(
                f"{self._base_url} does not take this key ({status}).",
                "Make one on Statuspage's page for API keys, and give it here.",
                status=status,
            )
        if status != 200:
            raise UnreadableError(f"{self._base_url} answered {status} to a question for its pages.", status=status)
        return body


def _understood(shape: TypeAdapter[Any], body: bytes) -> Any:
    try:
        return shape.validate_json(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreadableError(
            f"What it answers is not what Statuspage answers (at {where or 'the beginning'}).",
            "Is the address right?",
        ) from error


def _is_kept(name: str, value: Any) -> bool:
    """Whether the value of a page's field is one that can be kept and used here; a copy is good without it."""
    if name not in COLUMN_FIELDS:
        return value is not None
    # Everything that tells times on any page would stumble over a zone that nobody here knows.
    return isinstance(value, str) and can_be_kept(value) and (name != "time_zone" or find_zone(value) is not None)


def _as_there(row: _Component, groups: Collection[str]) -> ComponentThere:
    return ComponentThere(
        id=row.id,
        name=row.name,
        position=row.position,
        status=row.status or ComponentStatus.OPERATIONAL,
        description=row.description,
        group=bool(row.group),
        group_id=row.group_id if row.group_id in groups and not row.group else None,
        showcase=row.showcase is not False,
        only_show_if_degraded=bool(row.only_show_if_degraded),
        start_date=row.start_date,
    )
