"""`keydesk import statuspage` and `keydesk export`: a page moves from another Keydesk, which is its Statuspage."""

import asyncio
import json
import shutil
import stat
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.templates import create_template
from desk.secret import Secret
from desk.transaction import Desk, Transaction, keys_changed
from handlers.upstream import moving, patience
from storage.database import Database
from storage.models import (
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentComponent,
    IncidentStatus,
    PageMove,
)
from tests.contract.v1_reader import Api, reading
from tests.factories import add_key
from tests.hostile_server import Behaviour, HostileServer, json_answer
from tests.public_story import ACTOR, Story, open_incident, open_later, write_story
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LISTS = {
    "components.json": ("components", "per_page"),
    "component-groups.json": ("component-groups", "per_page"),
    "incident_templates.json": ("incident_templates", "per_page"),
    "incidents.json": ("incidents", "limit"),
}


@dataclass(frozen=True, slots=True)
class There:
    """The Keydesk from which a page moves, and a key of it."""

    desk: Desk
    story: Story
    api: Api
    url: str
    key: str


@pytest.fixture
async def there(desk: Desk) -> AsyncIterator[There]:
    """With all kinds of incidents, a template and a postmortem."""
    story = write_story(desk, subdomain="acme", configuration={"headline": "Hello"}, page_description="All of it.")
    desk.write_now(ACTOR, lambda tx: write_postmortem(tx, story.resolved, "A disk was **full**."))
    desk.write_now(ACTOR, lambda tx: publish_postmortem(tx, story.resolved))
    secret = Secret.generate()

    def prepare(tx: Transaction) -> None:
        api = [story.components["API"]]
        create_template(tx, story.page, name="outage", title="Outage", body="We look.", component_ids=api)
        key = add_key(tx.session, tx.now, sha256=secret.sha256)
        keys_changed(tx, key.id)

    desk.write_now(ACTOR, prepare)
    async with reading(desk) as api:
        yield There(desk, story, api, str(api.client.base_url), secret.reveal())


@pytest.fixture
def here(keydesk: Run, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Another Keydesk, with nothing in it."""
    monkeypatch.setenv("KEYDESK_DATABASE_URL", f"sqlite:///{tmp_path}/here.db")
    shutil.copyfile(sqlite_template, tmp_path / "here.db")
    return keydesk


async def run(here: Run, *arguments: str, key: str = "") -> tuple[int, str]:
    """A command in a thread, as the server that it calls is in this one: its status and all that it said."""
    result = await asyncio.to_thread(here, *arguments, input=f"{key}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


async def all_of(there: There, name: str, size: str) -> list[Any]:
    """A whole list of the API, without what says where it is served."""
    found: list[Any] = []
    for number in range(1, 20):
        rows = (await there.api(f"pages/{there.story.page}/{name}", params={"page": number, size: 100})).json()
        found += rows
        if len(rows) < 100:
            break
    return without_place(found)


def without_place(rows: Sequence[Any]) -> list[Any]:
    """Short links lead to whoever keeps the page."""
    return [{name: value for name, value in row.items() if name != "shortlink"} for row in rows]


def read(folder: Path, name: str) -> Any:
    """A file that was exported."""
    return json.loads((folder / name).read_text())


async def test_what_moves_is_the_same_afterwards(here: Run, there: There, tmp_path: Path) -> None:
    """Page, components, groups, templates, incidents with all that was said and what it made of components, and
    postmortems: what is exported here is what the API answers there. A second run changes nothing and says so."""
    status, said = await run(here, "import", "statuspage", there.url, key=there.key)
    assert status == 0, said
    assert there.key not in said
    status, again = await run(here, "import", "statuspage", there.url, key=there.key)
    assert (status, "0 new, 0 changed" in again, "Nothing is new." in again) == (0, True, True), again
    status, said = await run(here, "export", "out")
    assert status == 0, said
    folder = tmp_path / "out" / "pages" / there.story.page
    for file, (name, size) in LISTS.items():
        assert without_place(read(folder, file)) == await all_of(there, name, size), file
    page = (await there.api(f"pages/{there.story.page}")).json()
    assert read(folder, "page.json") == page
    assert read(tmp_path / "out", "pages.json") == [page]
    postmortem = (await there.api(f"pages/{there.story.page}/incidents/{there.story.resolved}/postmortem")).json()
    assert read(folder, "postmortems.json") == {there.story.resolved: postmortem}


async def counts(there: There, here: Run) -> list[str]:
    """What one more run says that it did."""
    status, said = await run(here, "import", "statuspage", there.url, key=there.key)
    assert status == 0, said
    return [
        line for line in said.splitlines() if (" new, " in line and "as they were" in line) or line.startswith("left")
    ]


def looked_at(tmp_path: Path) -> Database:
    """The database of the Keydesk to which the page moves."""
    return Database.from_url(f"sqlite:///{tmp_path}/here.db").everywhere


async def test_a_later_run_brings_what_is_new(here: Run, there: There, tmp_path: Path) -> None:
    """New incidents, and what was said meanwhile; what somebody changed here since stays as it is, and is told."""
    await counts(there, here)
    assert await counts(there, here) == ["0 new, 0 changed, 11 as they were."]
    open_incident(there.desk, there.story.page, "Brand new")
    resolved = IncidentChange(
        status=IncidentStatus.RESOLVED,
        body="It is over.",
        components={there.story.components["API"]: ComponentStatus.OPERATIONAL},
    )
    there.desk.write_now(ACTOR, partial(update_incident, incident_id=there.story.open, change=resolved))
    assert await counts(there, here) == ["1 new, 2 changed, 9 as they were."]
    status, _ = await run(here, "incident", "update", there.story.active, "--body", "We said this here.", "--yes")
    assert status == 0
    word = IncidentChange(body="They said that there.")
    there.desk.write_now(ACTOR, partial(update_incident, incident_id=there.story.active, change=word))
    left, done = await counts(there, here)
    assert left.startswith("left     New disks: changed here since")
    assert done.startswith("0 new, 0 changed")
    with looked_at(tmp_path).read() as session:
        holds = dict(session.execute(select(IncidentComponent.incident_id, IncidentComponent.holds)).all())
        changes = session.scalars(
            select(ComponentStatusChange)
            .where(ComponentStatusChange.component_id == there.story.components["API"])
            .order_by(ComponentStatusChange.at, ComponentStatusChange.id)
        ).all()
    assert holds[there.story.open] == ComponentStatus.PARTIAL_OUTAGE
    assert [change.status for change in changes] == ["partial_outage", "operational"]


class _KilledError(BaseException):
    """Nothing of the command line catches it, and no step that was begun is done."""


async def test_it_goes_on_where_it_was_cut_off(
    here: Run, there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever call is the last before a kill, the next run brings the rest, and what came meanwhile; what is known
    is not read again."""
    monkeypatch.setattr(moving, "PART", 3)
    monkeypatch.setattr("bot.commands.moving.PART", 3)
    open_later(there.desk, there.story.page, 25)
    calls: list[str] = []
    ends_at = [0]
    get = patience.PatientReader.get

    async def counted(self: patience.PatientReader, path: str) -> bytes:
        calls.append(path)
        if len(calls) == ends_at[0]:
            raise _KilledError
        return await get(self, path)

    monkeypatch.setattr(patience.PatientReader, "get", counted)
    for ends_at[0] in (1, 2, 4, 7, 9):
        calls.clear()
        with pytest.raises(_KilledError):
            await asyncio.to_thread(here, "import", "statuspage", there.url, input=f"{there.key}\n")
    with looked_at(tmp_path).read() as session:
        assert session.scalars(select(PageMove.next_part)).one() is not None
    open_incident(there.desk, there.story.page, "Meanwhile")
    ends_at[0] = 0
    calls.clear()
    status, said = await run(here, "import", "statuspage", there.url, key=there.key)
    assert (status, "going on where the last import was cut off" in said) == (0, True), said
    parts = sum("/incidents?" in path for path in calls)
    with looked_at(tmp_path).read() as session:
        assert session.scalars(select(PageMove.next_part)).one() is None
        names = set(session.scalars(select(Incident.name)))
    assert {"Meanwhile", "Later 24", "Later 0", "Orders fail"} <= names
    assert len(names) == 25 + 5 + 1
    assert parts <= 11
    assert await counts(there, here) == ["0 new, 0 changed, 37 as they were."]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (json_answer(b'{"error":"Could not authenticate"}', b"401 Unauthorized"), "does not take this key (401)"),
        (json_answer(b'{"pages":[]}'), "of pages is not what Statuspage answers (at the beginning)"),
        (json_answer(b'[{"id":"acmepage0001"}]'), "is not what Statuspage answers (at 0.name)"),
        (json_answer(b"[", b"200 OK"), "is not what Statuspage answers"),
        (json_answer(b"[]", b"404 Not Found"), "answered 404 to /v1/pages"),
        (json_answer(b"[]"), "There is no such page at Statuspage."),
    ],
)
async def test_what_does_not_answer_as_statuspage_does(
    here: Run, desk: Desk, behaviour: Behaviour, words: str
) -> None:
    """Nothing is written, and the reason is a sentence."""
    async with HostileServer(behaviour).running() as server:
        status, said = await run(here, "import", "statuspage", server.url, key="0123456789abcdef")
    assert (status, words in said) == (1, True), said


async def test_it_waits_as_it_is_told_to(here: Run, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as `Retry-After` says, after a cut connection a little, and not for ever."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(patience.PatientReader.__init__, "__kwdefaults__", {"sleep": sleep})
    limited = json_answer(b'{"error":"slow down"}', b"420 Enhance", b"Retry-After: 17")
    async with HostileServer(limited).running() as server:
        status, said = await run(here, "import", "statuspage", server.url, key="0123456789abcdef")
    assert (status, waited) == (1, [17.0] * 5)
    assert "answered 420; trying again in 17 seconds." in said
    assert "6 times in a row. What was imported so far is kept: the same command goes on." in " ".join(
        said.split("\n")
    )


async def test_a_page_that_is_here_already_is_not_touched(here: Run, there: There) -> None:
    """Ids are for ever: an import does not write over what did not come by one, nor from elsewhere."""
    await counts(there, here)
    other = there.url.replace("127.0.0.1", "localhost")
    status, said = await run(here, "import", "statuspage", other, key=there.key)
    assert (status, f"This page was imported from {there.url}" in said) == (1, True), said
    status, said = await run(here, "import", "statuspage", there.url, "--page", "nowhere", key=there.key)
    assert (status, "There is no such page" in said, "Pages there: Acme" in said) == (1, True, True), said


async def test_an_export_is_for_one_s_own_eyes(here: Run, there: There, tmp_path: Path) -> None:
    """As a folder or an archive, whole or not at all, and never over what is there."""
    await counts(there, here)
    for target in ("out", "out.zip"):
        status, said = await run(here, "export", target)
        assert (status, "7 files are in" in said) == (0, True), said
        status, said = await run(here, "export", target)
        assert (status, "is there already" in said) == (1, True)
    assert _modes(tmp_path) == ({0o600}, {0o700})
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == _files(tmp_path / "out")
    status, said = await run(here, "export", "nowhere/out")
    assert (status, "cannot be written" in said) == (1, True), said
    assert not [name for name in _files(tmp_path) if name.endswith(".part")]


def _modes(folder: Path) -> tuple[set[int], set[int]]:
    """Of what was exported, those of files and of folders."""
    every = [folder / "out", folder / "out.zip", *(folder / "out").rglob("*")]
    files = {stat.S_IMODE(path.stat().st_mode) for path in every if path.is_file()}
    return files, {stat.S_IMODE(path.stat().st_mode) for path in every if path.is_dir()}


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
