"""Text that no database takes is refused in words, whichever way it comes in."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import KeydeskError
from desk.incidents.components import get_component_by_word
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.postmortems import write_postmortem
from desk.incidents.templates import create_template
from desk.keys.changes import rename_key, revoke_key, suspend_key
from desk.keys.questions import ask_for_extension, keep_key
from desk.people import Subject
from desk.requests.approvals import deny
from desk.requests.requests import make_request
from desk.roles.roles import grant_role
from desk.secret import Secret, sha256
from desk.seeds.planting import plant_seed
from desk.seeds.shape import ComponentSeed, PageSeed, Seed
from desk.transaction import Actor, Desk, Transaction
from storage.models import Incident, Role, SubjectKind
from tests.databases import url_on_both
from tests.factories import MIA, OLIVIA, add_key, add_page
from tests.unit.desk.stage import Stage, set_stage

database_url = url_on_both

ACTOR = Actor.operator("test")
BROKEN = ["half \ud83d of one", "\udc00", "nothing\0here"]


def _open(tx: Transaction, text: str) -> None:
    create_incident(tx, _page(tx), NewIncident(name="Slow", body=text))


def _say(tx: Transaction, text: str) -> None:
    incident = create_incident(tx, _page(tx), NewIncident(name="Slow", body="We look."))
    update_incident(tx, incident.id, IncidentChange(body=text))


def _review(tx: Transaction, text: str) -> None:
    incident = create_incident(tx, _page(tx), NewIncident(name="Slow", body="We look."))
    write_postmortem(tx, incident.id, text)


def _page(tx: Transaction) -> str:
    return add_page(tx.session, tx.now).id


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("door", [_open, _say, _review])
def test_words_for_the_public(desk: Desk, door: Callable[[Transaction, str], None], text: str) -> None:
    """An incident, an update and a postmortem say what is wrong, and nothing of them is kept."""
    with pytest.raises(KeydeskError, match="A character in what you typed is broken"):
        desk.write_now(ACTOR, lambda tx: door(tx, text))
    with desk.database.read() as session:
        assert session.query(Incident).count() == 0


def quote_all(text: str) -> str:
    """As in an address that escapes every letter."""
    return "".join(f"%{ord(letter):02x}" for letter in text)


def in_base64(text: str) -> str:
    """As in a header of a request."""
    return b64encode(f"user:{text}".encode()).decode()


def _doors(stage: Stage, key: str, request: str, text: str) -> Mapping[str, Callable[[Transaction], object]]:
    """Every way in which names and reasons come in, each given `text`."""
    page, mia = stage.page.id, Subject(SubjectKind.USER, MIA, "Mia")
    words: dict[str, Any] = {"name": "slow", "title": "Slow", "body": "We look."}
    organization = {"organization": "Acme", "organization_id": None}

    def template(**values: str) -> Callable[[Transaction], object]:
        return lambda tx: create_template(tx, page_id=page, **(words | values))

    def planted(**values: Any) -> Callable[[Transaction], object]:
        return lambda tx: plant_seed(tx, Seed(**(organization | values)))

    return {
        "suspend": lambda tx: suspend_key(tx, key, reason=text),
        "revoke": lambda tx: revoke_key(tx, key, reason=text),
        "rename": lambda tx: rename_key(tx, key, text),
        "keep": lambda tx: keep_key(tx, key, tx.now + timedelta(days=30), text),
        "ask for more time": lambda tx: ask_for_extension(tx, key, tx.now + timedelta(days=120), reason=text),
        "deny": lambda tx: deny(tx, request, text),
        "ask: name": lambda tx: make_request(tx, stage.asked(name=text)),
        "ask: purpose": lambda tx: make_request(tx, stage.asked(purpose=text)),
        "grant": lambda tx: grant_role(tx, mia, Role.INTEGRATOR, reason=text),
        "incident": lambda tx: create_incident(tx, page, NewIncident(name=text, body="We look.")),
        "template: name": template(name=text),
        "template: title": template(title=text),
        "template: body": template(body=text),
        "seed: organization": planted(organization=text, pages=()),
        "seed: page": planted(pages=(PageSeed(name=text, subdomain="new"),)),
        "seed: component": planted(
            pages=(PageSeed(name="New", subdomain="new", components=(ComponentSeed(name=text),)),)
        ),
    }


def test_names_and_reasons(desk: Desk) -> None:
    """At every door half a character is refused with what is wrong and what to do, rather than dropped in silence;
    nothing is changed. With a whole one in its place each takes it."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        key = add_key(session, desk.clock.now(), holder_id=OLIVIA).id
    request = stage.ask().id
    for name in _doors(stage, key, request, ""):
        with pytest.raises(KeydeskError, match="A character in what you typed is broken") as refused:
            stage.do(OLIVIA, _doors(stage, key, request, "half \ud83d of one")[name])
        assert refused.value.hint, name
        with pytest.raises(_UndoneError):
            stage.do(OLIVIA, partial(_undo, _doors(stage, key, request, "whole \U0001f600 one")[name]))


@pytest.mark.parametrize("write", [str, quote_all, in_base64])
def test_secrets_in_names_and_reasons(desk: Desk, write: Callable[[str], str]) -> None:
    """At every door a key's secret is refused, whatever stands around it and however it is written."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        key = add_key(session, desk.clock.now(), holder_id=OLIVIA).id
    request = stage.ask().id
    secret = Secret.generate().reveal()
    text = f"\u201c_{write(secret)}x"
    for name, door in _doors(stage, key, request, text).items():
        with pytest.raises(KeydeskError, match="secret"):
            stage.do(OLIVIA, door)
            pytest.fail(name)


def _in_two_lines(secret: str) -> str:
    return f"{secret[:20]}\n{secret[20:]}"


@pytest.mark.parametrize("write", [str, quote_all, in_base64, _in_two_lines, "it is {}, for now".format])
@pytest.mark.parametrize("is_own", [False, True])
def test_secrets_that_no_shape_tells(desk: Desk, write: Callable[[str], str], *, is_own: bool) -> None:
    """Nor does any door take a key that others made and that was imported, or what the settings keep secret, as the
    signing secret."""
    secret = "8f742231b10e8888abcd99e2f1d485a5"
    if is_own:
        desk = replace(desk, policy=replace(desk.policy, own_secrets=frozenset({sha256(secret)})))
    stage = set_stage(desk)
    with desk.database.write() as session:
        key = add_key(session, desk.clock.now(), holder_id=OLIVIA).id
        if not is_own:
            add_key(session, desk.clock.now(), holder_id=OLIVIA, sha256=sha256(secret), name="imported")
    request = stage.ask().id
    for name, door in _doors(stage, key, request, write(secret)).items():
        with pytest.raises(KeydeskError, match="holds a token" if is_own else "secret of an API key"):
            stage.do(OLIVIA, door)
            pytest.fail(name)


class _UndoneError(Exception):
    """What was taken is not kept."""


def _undo(work: Callable[[Transaction], object], tx: Transaction) -> None:
    work(tx)
    raise _UndoneError


@pytest.mark.parametrize("text", BROKEN)
async def test_what_is_looked_up(desk: Desk, text: str) -> None:
    """A name that cannot be is no unexpected error, in reading as in writing: it is refused, or it is not found."""

    def look(tx: Transaction) -> object:
        return tx.session.get(Incident, text)

    def find(tx: Transaction) -> object:
        return get_component_by_word(tx.session, _page(tx), text)

    for call in (desk.read, desk.write):
        try:
            assert await call(ACTOR, look) is None
        except KeydeskError as refusal:
            assert refusal.hint
    with pytest.raises(KeydeskError):
        desk.write_now(ACTOR, find)
