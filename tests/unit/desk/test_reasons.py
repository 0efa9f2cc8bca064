"""Reasons and names: one rule for each, at every door that keeps one."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import UNKEPT, InvalidInputError
from desk.identifiers import new_id
from desk.incidents.drafts.drafts import send_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import MAX_NAME, IncidentChange, NewIncident
from desk.incidents.port import port_of
from desk.incidents.templates import change_template, create_template
from desk.keys.changes import rename_key, revoke_key, suspend_key
from desk.keys.questions import ask_for_extension, keep_key
from desk.people import Subject
from desk.reasons import MAXIMUM_KEY_NAME, MAXIMUM_REASON, check_name, check_reason
from desk.requests.approvals import deny
from desk.requests.requests import make_request
from desk.roles.roles import grant_role
from desk.secret import Secret
from desk.transaction import Desk, Transaction
from storage.models import DraftKind, Page, Role, SecondPerson, SubjectKind
from tests.factories import INES, MAX, MIA, OLIVIA, add_grant, add_key, add_member
from tests.unit.desk.stage import Stage, set_stage

SECRET = Secret.generate().reveal()
DAY = timedelta(days=1)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Ines and Max manage the page's incidents, on which a second person publishes."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.get_one(Page, stage.page.id).second_person = SecondPerson.ALWAYS
        for user_id in (INES, MAX):
            add_grant(session, user_id, Role.INCIDENT_MANAGER, desk.clock.now())
    return stage


def _key(stage: Stage) -> str:
    with stage.desk.database.write() as session:
        return add_key(session, stage.desk.clock.now()).id


def _waiting(stage: Stage) -> str:
    new = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT, content=NewIncident(name="Slow"))
    draft_id = stage.do(INES, new).id
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    return draft_id


def _template(stage: Stage, name: str, title: str) -> Any:
    """One that is kept under some other name, and then called that."""
    made = stage.do(MAX, partial(create_template, page_id=stage.page.id, name=new_id(), title="T", body=""))
    words: dict[str, Any] = {"name": name, "title": title, "body": "", "component_ids": []}
    kept: dict[str, Any] = {"seen_at": made.updated_at, "update_status": None, "should_send_notifications": True}
    return stage.do(MAX, partial(change_template, template_id=made.id, **words, **kept))


def _grant(stage: Stage, why: str) -> Any:
    """To somebody who is new."""
    with stage.desk.database.write() as session:
        user_id = add_member(session, new_id(), stage.desk.clock.now()).user_id
    subject = Subject(SubjectKind.USER, user_id, "Nell")
    return stage.do(OLIVIA, partial(grant_role, subject=subject, role=Role.INTEGRATOR, reason=why)).grant


def _port(stage: Stage, work: Callable[[Transaction, Any], Any]) -> Any:
    return stage.do(MAX, lambda tx: work(tx, port_of(tx, stage.page.id)))


def _create(stage: Stage, name: str) -> Any:
    return _port(stage, lambda tx, port: port.create_incident(tx, stage.page.id, NewIncident(name=name)))


def _rename(stage: Stage, name: str) -> Any:
    incident_id = _create(stage, "Slow").id
    _port(stage, lambda tx, port: port.update_incident(tx, incident_id, IncidentChange(name=name)))
    return _port(stage, lambda tx, port: port.delete_incident(tx, incident_id))


Keep = Callable[[Stage, str], Any]
USUAL = "Say why, in a few words: others will wonder."
REASONS: dict[str, tuple[str | None, str, Keep]] = {
    "suspending a key": (
        USUAL,
        "suspend_reason",
        lambda stage, why: stage.do(OLIVIA, partial(suspend_key, key_id=_key(stage), reason=why)),
    ),
    "revoking a key": (
        USUAL,
        "revoke_reason",
        lambda stage, why: stage.do(OLIVIA, partial(revoke_key, key_id=_key(stage), reason=why)),
    ),
    "keeping a key": (
        USUAL,
        "keep_reason",
        lambda stage, why: stage.do(MIA, lambda tx: keep_key(tx, _key_in(tx), tx.now + DAY, why)),
    ),
    "asking for more time": (
        USUAL,
        "",
        lambda stage, why: stage.do(
            MIA, lambda tx: ask_for_extension(tx, _key_in(tx), tx.now + 200 * DAY, reason=why)
        ),
    ),
    "denying a request": (
        "Say why, so that they can ask better.",
        "decision_reason",
        lambda stage, why: stage.do(OLIVIA, partial(deny, request_id=stage.ask().id, reason=why)),
    ),
    "sending a draft back": (
        "Say what should change.",
        "decision_reason",
        lambda stage, why: stage.do(MAX, partial(send_back, draft_id=_waiting(stage), reason=why)),
    ),
    "granting a role": (None, "reason", _grant),
}
"""By what it is a reason for: what is said without one (None: it may be left out), where it is kept, and the door."""


def _key_in(tx: Transaction) -> str:
    return add_key(tx.session, tx.now).id


@pytest.mark.parametrize("name", REASONS)
def test_one_rule_for_reasons(stage: Stage, name: str) -> None:
    """As long as may be it is kept, without marks that no screen wants; longer, with a secret, or missing where it is
    asked for, it is refused in the same words everywhere."""
    ask, column, keep = REASONS[name]
    longest = "x" * MAXIMUM_REASON
    kept = keep(stage, f" {longest}\u202e\x00 ")
    assert not column or getattr(kept, column) == longest
    with pytest.raises(InvalidInputError) as refusal:
        keep(stage, longest + "y")
    assert (refusal.value.field, refusal.value.sentence) == ("reason", "A reason has at most 1000 characters.")
    for text in (f"It is {SECRET}.", f"{SECRET} {'x' * 100_000}"):
        with pytest.raises(InvalidInputError, match="holds the secret") as refusal:
            keep(stage, text)
        assert refusal.value.field == "reason"
    if ask is None:
        assert getattr(keep(stage, "  "), column) == ""
        return
    for nothing in ("", " \n\t", "\x07"):
        with pytest.raises(InvalidInputError) as refusal:
            keep(stage, nothing)
        assert (refusal.value.field, refusal.value.sentence) == ("reason", ask)


def test_nothing_is_sent_back_without_a_reason(stage: Stage) -> None:
    """The desk itself refuses an empty reason and one of 100,000 characters; the draft goes on waiting."""
    draft_id = _waiting(stage)
    for reason in ("", "  ", "x" * 100_000):
        with pytest.raises(InvalidInputError):
            stage.do(MAX, partial(send_back, draft_id=draft_id, reason=reason))
    sent = stage.do(MAX, partial(send_back, draft_id=draft_id, reason=" Say more. "))
    assert sent.decision_reason == "Say more."


OF_KEY, OF_INCIDENT, OF_TEMPLATE = (f"{one} needs a name." for one in ("A key", "An incident", "A template"))
NAMES: dict[str, tuple[str, str, int, Keep]] = {
    "asking for a key": (
        "name",
        OF_KEY,
        MAXIMUM_KEY_NAME,
        lambda stage, name: stage.do(MIA, partial(make_request, asked=stage.asked(name=name))).name,
    ),
    "renaming a key": (
        "name",
        OF_KEY,
        MAXIMUM_KEY_NAME,
        lambda stage, name: stage.do(OLIVIA, partial(rename_key, key_id=_key(stage), name=name)).name,
    ),
    "opening an incident": ("name", OF_INCIDENT, MAX_NAME, lambda stage, name: _create(stage, name).name),
    "renaming an incident": ("name", OF_INCIDENT, MAX_NAME, lambda stage, name: _rename(stage, name).name),
    "naming a template": ("name", OF_TEMPLATE, MAX_NAME, lambda stage, name: _template(stage, name, "T").name),
    "naming its incidents": (
        "title",
        OF_INCIDENT,
        MAX_NAME,
        lambda stage, name: _template(stage, new_id(), name).title,
    ),
}
"""By what is named: the field, what is said without a name, how long it may be, and the door, which gives it."""


@pytest.mark.parametrize("what", NAMES)
def test_one_rule_for_names(stage: Stage, what: str) -> None:
    """A name is one line without marks that no screen wants, as long as its place takes; anything else is refused in
    the same words everywhere."""
    field, missing, limit, keep = NAMES[what]
    longest = "n" * (limit - 2) + " m"
    assert keep(stage, f" {longest[:-1]} \n\u202em ") == longest
    too_long = f"The name has {limit + 1} characters, and at most {limit} fit."
    unseen = "That holds a sign that no screen shows (U+0007)."
    refused = ((longest + "m", too_long), (" \n ", missing), ("\u200b\u202e", missing))
    for text, sentence in (*refused, ("n\x07m", unseen), ("n\x00m", UNKEPT[0])):
        with pytest.raises(InvalidInputError) as refusal:
            keep(stage, text)
        assert (refusal.value.field, refusal.value.sentence) == (field, sentence)
    with pytest.raises(InvalidInputError, match="holds the secret") as refusal:
        keep(stage, SECRET)
    assert refusal.value.field == field


def test_what_is_longer_from_before_is_still_shown(stage: Stage) -> None:
    """A name or reason that another rule let in is read as it is; only a new one is measured."""
    with stage.desk.database.write() as session:
        key = add_key(session, stage.desk.clock.now(), name="n" * 255, keep_reason="r" * 5000)
    kept = stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="Because."))
    assert (kept.name, kept.keep_reason) == ("n" * 255, "r" * 5000)


def test_what_is_said_of_a_good_one() -> None:
    """A refusal says how to do better: what to name it after, or to shorten it."""
    for text, hint in (("", "After its use."), ("xx", "Be brief.")):
        with pytest.raises(InvalidInputError) as refusal:
            check_name(text, of="It", limit=1, hint="After its use.", too_long="Be brief.")
        assert refusal.value.hint == hint
    with pytest.raises(InvalidInputError) as refusal:
        check_name("xx", of="It", limit=1, hint="")
    assert refusal.value.hint == "Shorten it."
    assert check_reason("  why  ", ask=None) == "why"
