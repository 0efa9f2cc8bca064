"""`keydesk upstream` against a server that answers as Statuspage does."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from desk.transaction import Desk
from storage.models import Component, Page, UpstreamKey
from storage.sealing import Seal
from tests.hostile_server import Behaviour, HostileServer, answering, json_answer
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "0123456789abcdef" * 4
PAGES = [{"id": "pageelsewhe1", "name": "Far", "time_zone": "Europe/Zurich", "subdomain": "far", "headline": "Hi"}]
COMPONENTS = [
    {"id": "groupelsewh1", "name": "Europe", "position": 1, "group": True, "status": "operational"},
    {"id": "componentaa1", "name": "API", "position": 1, "group_id": "groupelsewh1", "status": "major_outage"},
]


def statuspage(*keys: str) -> Behaviour:
    """Answers questions for pages and components, where one of these keys asks."""

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rows = COMPONENTS if b"/components" in head.split(b"\r\n")[0] else PAGES
        if any(f"OAuth {key}\r\n".encode() in head for key in keys):
            answer = json_answer(json.dumps(rows).encode())
        else:
            answer = json_answer(b'{"error":"Could not authenticate"}', b"401 Unauthorized")
        await answer(b"", reader, writer)

    return behave


@pytest.fixture
def sealed(seeded: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seal]:
    """An encryption key is set."""
    key = Seal.make_key()
    monkeypatch.setenv("KEYDESK_ENCRYPTION_KEYS", key)
    yield Seal([key])


async def run(keydesk: Run, *arguments: str, input: str | None = None) -> tuple[int, str]:
    """A command in a thread, as the server that it calls is in this one: its status and all that it said."""
    result = await asyncio.to_thread(keydesk, "upstream", *arguments, input=input)
    return result.exit_code, result.output


async def test_it_tries_a_key_keeps_it_sealed_and_copies(keydesk_on: Run, seeded: Desk, sealed: Seal) -> None:
    """Pages and components have their own ids here; the key's value is in no answer and open nowhere."""
    async with HostileServer(statuspage(KEY)).running() as server:
        typed = ("connect", f"{server.url}/v1/", "--expires", "2099-01-31")
        status, said = await run(keydesk_on, *typed, input=f"{KEY}\n")
        assert (status, said.splitlines()) == (0, ["new      Far", "1 new, 0 changed, 0 gone."])
        again, said = await run(keydesk_on, "refresh")
        assert (again, said) == (0, "0 new, 0 changed, 0 gone.\n")
        status, shown = await run(keydesk_on, "show", "--json")
    found = json.loads(shown)
    assert (found["address"], found["problem"]) == (server.url, None)
    assert [(key["name"], key["state"], key["expires"][:10]) for key in found["keys"]] == [
        ("Keydesk", "active", "2099-01-31")
    ]
    with seeded.database.read() as session:
        page = session.get_one(Page, "pageelsewhe1")
        assert (page.time_zone, page.subdomain, page.configuration) == ("Europe/Zurich", None, {"headline": "Hi"})
        rows = {row.name: row for row in session.scalars(select(Component).where(Component.page_id == page.id))}
        assert (rows["API"].group_id, rows["API"].status) == (rows["Europe"].id, "major_outage")
        [key] = session.scalars(select(UpstreamKey)).all()
        assert key.sealed is not None
        assert sealed.open(key.sealed) == KEY
        assert KEY not in key.sealed + said + shown


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (statuspage(), "does not take this key (401)"),
        (answering(close=True), "does not answer (cut)"),
        (json_answer(b'{"pages":[]}'), "is not what Statuspage answers"),
        (json_answer(b"<html>", b"200 OK"), "is not what Statuspage answers"),
        (json_answer(b"[]", b"500 Oops"), "answered 500"),
        (json_answer(b"", b"302 Found", b"Location: /elsewhere"), "answered 302"),
        (json_answer(json.dumps([{"id": "../etc", "name": "x"}]).encode()), "is not what Statuspage answers"),
    ],
)
async def test_what_does_not_answer_as_statuspage_does_is_not_connected(
    keydesk_on: Run, seeded: Desk, sealed: Seal, behaviour: Behaviour, words: str
) -> None:
    """Nothing is kept of the key, and the reason is a sentence."""
    async with HostileServer(behaviour).running() as server:
        status, said = await run(keydesk_on, "connect", server.url, input=f"{KEY}\n")
    assert (status, words in said) == (1, True), said
    with seeded.database.read() as session:
        assert session.scalars(select(UpstreamKey)).all() == []


async def test_a_new_key_takes_an_old_one_s_place_once_it_was_tried(
    keydesk_on: Run, seeded: Desk, sealed: Seal
) -> None:
    """One that is not taken changes nothing; names say which one is meant."""
    fresh = KEY[::-1]
    async with HostileServer(statuspage(KEY, fresh)).running() as server:
        await run(keydesk_on, "connect", server.url, input=f"{KEY}\n")
        status, said = await run(keydesk_on, "replace-key", "Keydesk", "--name", "2027", input="not-taken-there\n")
        assert (status, "does not take this key" in said) == (1, True)
        status, said = await run(keydesk_on, "replace-key", "nothing", "--name", "2027", input=f"{fresh}\n")
        assert (status, "There is: “Keydesk”." in said) == (1, True)
        status, said = await run(keydesk_on, "replace-key", "Keydesk", "--name", "2027", input=f"{fresh}\n")
        assert (status, "with “2027” from now on" in said) == (0, True)
        status, said = await run(keydesk_on, "add-key", "--name", "second", "--calls", "30", input=f"{KEY}\n")
        assert status == 0
        assert (await run(keydesk_on, "drop-key", "2027"))[0] == 0
    with seeded.database.read() as session:
        kept = {key.name: (str(key.status), key.sealed is not None) for key in session.scalars(select(UpstreamKey))}
    assert kept == {"Keydesk": ("dropped", False), "2027": ("dropped", False), "second": ("active", True)}


async def test_what_they_are_sealed_with_can_be_changed(
    keydesk_on: Run, seeded: Desk, sealed: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new encryption key before the old one, then sealed anew; after that the old one opens nothing."""
    async with HostileServer(statuspage(KEY)).running() as server:
        await run(keydesk_on, "connect", server.url, input=f"{KEY}\n")
    _, printed = await run(keydesk_on, "encryption-key")
    fresh = printed.strip()
    monkeypatch.setenv("KEYDESK_ENCRYPTION_KEYS", f"{fresh},{os.environ['KEYDESK_ENCRYPTION_KEYS']}")
    assert await run(keydesk_on, "reseal") == (0, "1 sealed anew.\n")
    with seeded.database.read() as session:
        [key] = session.scalars(select(UpstreamKey)).all()
    assert Seal([fresh]).open(key.sealed or "") == KEY


async def test_without_an_encryption_key_nothing_is_kept(keydesk_on: Run, seeded: Desk) -> None:
    """And it is said how to make one; a key that settings name needs none."""
    status, said = await run(keydesk_on, "connect", "http://127.0.0.1:1", input=f"{KEY}\n")
    assert (status, "encryption-key" in said) == (1, True)


@pytest.mark.parametrize("typed", ["", "short", "with a blank in it", "clé-d’accès-très-longue"])
async def test_what_is_no_key_is_refused(keydesk_on: Run, seeded: Desk, sealed: Seal, typed: str) -> None:
    """Before anything is called, and without repeating it."""
    status, said = await run(keydesk_on, "connect", "http://127.0.0.1:1", input=f"{typed}\n")
    assert (status, "no key of Statuspage" in said) == (1, True)
    assert not typed or typed not in said
