"""Keys that people hold already: all of them work from now on, or none."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.keys.changes import suspend_key
from desk.keys.check import decide_call
from desk.keys.ring import read_key_ring
from desk.requests.held_keys import HeldKey
from desk.requests.importing import CheckedKey, import_keys, list_imported
from desk.secret import Secret, sha256
from desk.transaction import Actor, Desk
from storage.database import Database
from storage.models import ApiKey, AuditEvent, KeyStatus, Scope
from tests.databases import begin_other, both_databases
from tests.factories import GUS, MAX, MIA, OLIVIA, OMAR, add_key, add_use
from tests.unit.desk.racing import race, somebody_waits
from tests.unit.desk.stage import Stage, set_stage
from tests.waiting import wait_until

OPERATOR = Actor.operator("ann")
ONE = "89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77"
TWO = "5f3c9b0a7d1e4862" * 2 + "c0ffee1234567890" * 2


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def rows(*fields: dict[str, Any]) -> list[HeldKey]:
    """Rows of a file, from its second line on."""
    return [HeldKey(line=line, **one) for line, one in enumerate(fields, start=2)]


def refusal(stage: Stage, given: list[HeldKey], who: str | Actor = OPERATOR, **people: Any) -> list[str]:
    """Everything that is said to be wrong."""
    with pytest.raises(InvalidInputError) as caught:
        stage.do(who, partial(import_keys, rows=given, **people))
    return [one.sentence for one in caught.value.together]


@both_databases
def test_a_key_works_with_its_own_value(stage: Stage) -> None:
    """The check finds it by its digest; it may what the file says, is named after its address, and is the
    organization's: who answers for it is who has the address. All owners hear of it, and so does who answers."""
    [row] = rows(
        {"key": f"OAuth {ONE}", "email": "Mia@acme.example", "scopes": ("incidents:write",), "pages": ("acme",)}
    )
    [done] = stage.do(OPERATOR, partial(import_keys, rows=[row], people={"mia@acme.example": MIA}))
    key = stage.fresh(ApiKey, done.key.id)
    assert (key.name, key.holder_id, key.start) == ("Key migrated from Mia@acme.example", MIA, ONE[:4])
    assert (key.scopes, key.pages, key.is_imported) == (["incidents:write"], [stage.page.id], True)
    assert key.expires_at - key.created_at == stage.desk.policy.default_lifetime
    with stage.desk.database.everywhere.read() as session:
        ring = read_key_ring(session)
    found = ring.get(bytes.fromhex(sha256(ONE)))
    assert found is not None
    assert decide_call(found, None, stage.page.id, stage.desk.clock.now()) == "admitted"
    assert stage.actions(key.id) == ["key.imported"]
    told = {message.conversation: message.facts for message in stage.shown("key.imported")}
    assert set(told) == {OLIVIA, OMAR, MIA}
    assert (told[OLIVIA]["unanswered"], told[MIA]["yours"]) == (0, True)


@both_databases
def test_nothing_holds_the_value(stage: Stage) -> None:
    """Neither a table nor what is said of the import: only its digest, and four of its characters."""
    stage.do(OLIVIA, partial(import_keys, rows=rows({"key": ONE, "email": "a@b.example"})))
    with stage.desk.database.read() as session:
        tables = inspect(session.get_bind()).get_table_names()
        kept = "".join(str(session.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)  # noqa: S608
    assert sha256(ONE) in kept
    assert ONE[:8] not in kept


def test_without_a_word_it_only_reads(stage: Stage) -> None:
    """All pages, as at Statuspage, and nothing that changes them; nobody answers, so owners do, and it says why."""
    [done] = stage.do(OPERATOR, partial(import_keys, rows=rows({"key": ONE, "email": "a@b.example"})))
    assert (done.key.scopes, done.key.pages, done.key.holder_id) == (["read"], None, None)
    assert (done.only_reads, done.why_nobody) == (True, "nobody at Slack was found by the address")
    assert {message.facts["unanswered"] for message in stage.shown("key.imported")} == {1}


def test_all_is_what_it_may_on_pages(stage: Stage) -> None:
    """`all` gives what a key of Statuspage may, but neither people's addresses nor roles, which are named, and never
    anything of Keydesk's own."""
    both = rows(
        {"key": ONE, "name": "all", "scopes": ("all",)},
        {"key": TWO, "name": "more", "scopes": ("ALL", "users:write")},
    )
    everything, more = stage.do(OPERATOR, partial(import_keys, rows=both))
    ours = {"keys:read", "keys:write", "audit:read", "deliveries:write"}
    assert set(everything.key.scopes) == set(Scope) - ours - {"users:read", "users:write"}
    assert set(more.key.scopes) - set(everything.key.scopes) == {"users:write"}


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"key": ""}, "key", "missing"),
        ({"key": "0123456789abcdef"}, "key", "has 16 characters, and 32 are the least"),
        ({"key": "0123456789abcdef" * 2}, "key", "not random"),
        ({"key": "a1" * 20}, "key", "not random"),
        ({"key": f"{ONE} {ONE}"}, "key", "blanks"),
        ({"key": ONE + "é"}, "key", "signs that no key has"),
        ({"key": TWO * 5}, "key", "longer than 256"),
        ({"email": ""}, "email", "no e-mail address"),
        ({"email": "mia"}, "email", "no e-mail address"),
        ({"email": "m ia@acme.example"}, "email", "blank"),
        ({"email": ONE}, "email", "the value of a key"),
        ({"purpose": f"It was {ONE} before."}, "purpose", "the value of a key"),
        ({"name": "kd_ " + Secret.generate().reveal()}, "name", "secret of an API key"),
        ({"scopes": (ONE,)}, "scopes", "the value of a key"),
        ({"scopes": ("everything",)}, "scopes", "is not a scope"),
        ({"scopes": ("keys:write",)}, "scopes", "never has `keys:write`"),
        ({"pages": ("nowhere",)}, "pages", "is no page"),
        ({"networks": ("here",)}, "networks", "no address"),
        ({"expires": "soon"}, "expires", "no day"),
        ({"expires": "2020-01-01"}, "expires", "one of the next 365"),
        ({"expires": "2099-01-01"}, "expires", "one of the next 365"),
        ({"lifetime_days": 9999}, "lifetime_days", "between 1 and 365"),
        ({"holder": "nobody-at-all"}, "holder", "I know nobody"),
        ({"holder": GUS}, "holder", "may not hold keys"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(stage: Stage, fields: dict[str, Any], place: str, words: str) -> None:
    """Line and column, and no value; nothing of the file is imported then."""
    given = rows({"key": TWO, "email": "b@acme.example"}, {"key": ONE, "email": "a@acme.example"} | fields)
    said = refusal(stage, given)
    assert said[0].startswith(f"Line 3, {place}: "), said
    assert words in said[0]
    assert ONE not in " ".join(said)
    assert stage.all(ApiKey) == []


def test_everything_that_is_wrong_is_said_at_once(stage: Stage) -> None:
    """One row after another, and several things about one."""
    said = refusal(
        stage,
        rows(
            {"key": "short", "email": "nothing"},
            {"key": ONE, "email": "a@acme.example", "scopes": ("x",)},
            {"key": ONE, "email": "b@acme.example"},
        ),
    )
    assert sorted(line.partition(":")[0] for line in said) == [
        "Line 2, email",
        "Line 2, key",
        "Line 3, scopes",
        "Line 4, key",
    ]
    assert any("same value as in line 3" in line for line in said)


def test_a_value_that_is_here_is_refused(stage: Stage, database: Database) -> None:
    """Whether it works, was revoked, or works for another organization, of which nothing is said."""
    stage.do(OPERATOR, partial(import_keys, rows=rows({"key": ONE, "name": "first"})))
    assert "is here already as “first”" in refusal(stage, rows({"key": ONE, "name": "again"}))[0]
    with begin_other(database).write() as session:
        add_key(session, stage.desk.clock.now(), name="theirs", sha256=sha256(TWO), status=KeyStatus.REVOKED)
    said = refusal(stage, rows({"key": TWO, "name": "again"}))[0]
    assert said == "Line 2, key: This value is here already."


def test_only_owners_and_operators_import(stage: Stage) -> None:
    """Members and guests are told whom to ask."""
    for who in (MIA, GUS):
        with pytest.raises(NotAllowedError):
            stage.do(who, partial(import_keys, rows=rows({"key": ONE, "name": "mine"})))
        with pytest.raises(NotAllowedError):
            stage.see(who, list_imported)


def test_who_has_the_address_has_to_be_one_who_may(stage: Stage) -> None:
    """A guest with the address does not answer; somebody who is named does, before whoever has it."""
    given = rows(
        {"key": ONE, "email": "gus@agency.example"},
        {"key": TWO, "email": "mia@acme.example", "holder": "@max"},
    )
    people = {"gus@agency.example": GUS, "mia@acme.example": MIA}
    first, second = stage.do(OPERATOR, partial(import_keys, rows=given, people=people))
    assert (first.key.holder_id, first.why_nobody) == (
        None,
        "whoever has the address may hold no keys for these pages",
    )
    assert (second.key.holder_id, second.why_nobody) == (MAX, "")


@both_databases
def test_it_is_told_which_were_used(stage: Stage) -> None:
    """All that were imported, and of a file those that were not."""
    given = rows({"key": ONE, "name": "used"}, {"key": TWO, "name": "idle"})
    used, _ = stage.do(OPERATOR, partial(import_keys, rows=given))
    with stage.desk.database.write() as session:
        add_key(session, stage.desk.clock.now(), name="our own")
        add_use(session, used.key, last_used_at=stage.desk.clock.now(), reads=1)

    def seen(found: Sequence[CheckedKey]) -> list[tuple[Any, ...]]:
        return [(one.line, one.key and one.key.name, one.use and one.use.reads) for one in found]

    assert seen(stage.see(OPERATOR, list_imported)) == [(None, "idle", None), (None, "used", 1)]
    asked = [*given, HeldKey(key=TWO[::-1], line=9)]
    in_file = stage.see(OLIVIA, partial(list_imported, rows=asked))
    assert seen(in_file) == [(2, "used", 1), (3, "idle", None), (9, None, None)]


def test_its_value_is_known_where_people_type(stage: Stage) -> None:
    """No shape tells it from a digest of something, and it is refused all the same: in a reason, also between other
    signs. What merely looks like it is no secret."""
    [done] = stage.do(OPERATOR, partial(import_keys, rows=rows({"key": TWO, "name": "old"})))
    for typed in (f"It leaked: {TWO}.", f'"{TWO}"', f"key={TWO}&x=1"):
        with pytest.raises(InvalidInputError, match="holds the secret of an API key"):
            stage.do(OLIVIA, partial(suspend_key, key_id=done.key.id, reason=typed))
    stage.do(OLIVIA, partial(suspend_key, key_id=done.key.id, reason=f"Built from {sha256('an image')}."))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_imports_at_once_are_one(stage: Stage) -> None:
    """The second waits, and hears that the value is here by now."""
    first = partial(import_keys, rows=rows({"key": ONE, "name": "first"}))
    second = partial(import_keys, rows=rows({"key": TWO, "name": "other"}, {"key": ONE, "name": "second"}))
    _, refused = race(stage.desk, (OPERATOR, first), (OLIVIA, second))
    assert isinstance(refused, InvalidInputError)
    assert [key.name for key in stage.all(ApiKey)] == ["first"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_organizations_at_once_do_not_share_a_value(stage: Stage, database: Database) -> None:
    """What no lock of one organization sees, the index does; the refusal is a sentence."""
    importing = partial(import_keys, rows=rows({"key": ONE, "name": "ours"}))
    with ThreadPoolExecutor(1) as threads:
        with begin_other(database).write() as session:
            add_key(session, stage.desk.clock.now(), name="theirs", sha256=sha256(ONE))
            moving = threads.submit(stage.do, OPERATOR, importing)
            wait_until(lambda: moving.done() or somebody_waits(stage.desk))
        with pytest.raises(ConflictError, match="at this moment"):
            moving.result(30)
    with stage.desk.database.everywhere.read() as session:
        assert [key.name for key in session.scalars(select(ApiKey).where(ApiKey.sha256 == sha256(ONE)))] == ["theirs"]


def test_the_trail_says_what_it_may(stage: Stage) -> None:
    """Name, reach and end of each; never an address but in the name."""
    given = rows({"key": ONE, "email": "a@b.example", "name": "old ci", "networks": ("10.0.0.0/8",)})
    [done] = stage.do(OPERATOR, partial(import_keys, rows=given))
    [event] = [one for one in stage.all(AuditEvent) if one.action == "key.imported"]
    assert (event.subject_id, event.data["name"], event.data["networks"]) == (done.key.id, "old ci", ["10.0.0.0/8"])
    assert "a@b.example" not in json.dumps(event.data)
