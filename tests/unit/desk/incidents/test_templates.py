"""Templates: written by hand and changed, by one person at a time, under a name of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.templates import change_template, create_template, delete_template
from desk.secret import Secret
from desk.transaction import Desk, Transaction
from storage.models import AuditEvent, IncidentStatus, IncidentTemplate
from tests.databases import both_databases
from tests.factories import INES, MAX, OLIVIA, add_component, add_page
from tests.unit.desk.incidents.incident_stage import IncidentStage, at_once, set_incident_stage

ROUNDS = 4


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page whose incidents Ines and Max manage."""
    return set_incident_stage(desk)


def make(stage: IncidentStage, name: str, **values: Any) -> IncidentTemplate:
    """A template that Ines writes."""
    words = {"title": "Search is slow", "body": "We see it in {{region}}."} | values
    return stage.do(INES, lambda tx: create_template(tx, stage.page, name=name, **words))


def change(seen: IncidentTemplate, **values: Any) -> Callable[[Transaction], IncidentTemplate]:
    """A change by somebody who saw the template so."""
    fields = ("name", "title", "body", "update_status", "component_ids", "should_send_notifications")
    words = {field: getattr(seen, field) for field in fields} | values
    return lambda tx: change_template(tx, seen.id, seen_at=seen.updated_at, **words)


def events(stage: IncidentStage) -> list[dict[str, Any]]:
    """What the audit trail says of changed templates."""
    return [event.data for event in stage.all(AuditEvent) if event.action == "template.changed"]


@both_databases
def test_a_change_keeps_what_it_is_not_about(stage: IncidentStage) -> None:
    """Id, page and what only Statuspage uses stay; the audit trail names the fields that changed, not their text."""
    made = make(stage, "slow")
    with stage.desk.database.write() as session:
        row = session.get_one(IncidentTemplate, made.id)
        row.should_tweet, row.group_id = True, "3kz0f8w2m1xq"
    new: dict[str, Any] = {
        "name": "  Slow   search ",
        "update_status": IncidentStatus.IDENTIFIED,
        "component_ids": [stage.components[0], stage.components[0]],
        "should_send_notifications": False,
    }
    stage.do(MAX, change(made, **new))
    [kept] = stage.all(IncidentTemplate)
    assert (kept.id, kept.page_id, kept.should_tweet, kept.group_id) == (made.id, stage.page, True, "3kz0f8w2m1xq")
    assert (kept.name, kept.title, kept.body) == ("Slow search", made.title, made.body)
    assert (kept.update_status, kept.component_ids) == (IncidentStatus.IDENTIFIED, [stage.components[0]])
    assert not kept.should_send_notifications
    assert kept.created_at == made.created_at
    [said] = events(stage)
    assert said["name"] == "Slow search"
    assert sorted(said["fields"]) == ["component_ids", "name", "should_send_notifications", "update_status"]


def test_who_saw_an_older_state_does_not_overwrite(stage: IncidentStage) -> None:
    """The second of two who edit is told, even in the same instant; sending the same form twice is one change."""
    made = make(stage, "slow")
    for _ in range(2):
        stage.do(INES, change(made, title="Search is very slow"))
    with pytest.raises(ConflictError, match="since you looked"):
        stage.do(MAX, change(made, title="Search is down"))
    [kept] = stage.all(IncidentTemplate)
    assert kept.title == "Search is very slow"
    assert kept.updated_at > made.updated_at
    assert len(events(stage)) == 1
    stage.do(MAX, change(kept, title="Search is down"))
    stage.do(INES, lambda tx: delete_template(tx, stage.page, "slow"))
    with pytest.raises(NotFoundError, match="no such template"):
        stage.do(INES, change(kept, title="Again"))


def test_a_name_is_one_templates_on_a_page(stage: IncidentStage) -> None:
    """A name that another template of the page has is refused in any case; its own and other pages' are not."""
    make(stage, "slow")
    down = make(stage, "down")
    with pytest.raises(InvalidInputError, match="already") as refused:
        stage.do(INES, change(down, name="SLOW"))
    assert refused.value.field == "name"
    stage.do(INES, change(down, name="Down"))
    with stage.desk.database.write() as session:
        beta = add_page(session, stage.desk.clock.now(), name="Beta", subdomain="beta").id
    stage.do(OLIVIA, lambda tx: create_template(tx, beta, name="slow", title="Slow", body=""))
    assert sorted(each.name for each in stage.all(IncidentTemplate)) == ["Down", "slow", "slow"]


def test_what_cannot_be_kept_is_said_of_its_field(stage: IncidentStage) -> None:
    """Secrets, blanks, what is too long, and components of elsewhere are refused by field, new or changed."""
    made = make(stage, "slow")
    with stage.desk.database.write() as session:
        beta = add_page(session, stage.desk.clock.now(), name="Beta", subdomain="beta")
        foreign = add_component(session, beta, stage.desk.clock.now(), name="Mail").id
    secret = Secret.generate().reveal()
    wrong: list[tuple[str, Any]] = [
        *((field, f"Use {secret}") for field in ("name", "title", "body")),
        *((field, text) for field in ("name", "title") for text in (" ", "x" * 256)),
        ("body", "x" * 25_001),
        ("component_ids", [foreign]),
    ]
    for field, value in wrong:
        words: dict[str, Any] = {"name": "new", "title": "New", "body": ""} | {field: value}
        for attempt in (
            lambda tx, words=words: create_template(tx, stage.page, **words),
            change(made, **{field: value}),
        ):
            with pytest.raises(InvalidInputError) as refused:
                stage.do(INES, attempt)
            assert refused.value.field == field.removesuffix("_ids").replace("component", "components", 1), value
            assert secret not in str(refused.value)
    assert [each.name for each in stage.all(IncidentTemplate)] == ["slow"]
    assert events(stage) == []


def test_two_who_take_a_name_at_once(stage: IncidentStage) -> None:
    """Two who give the same name in the same instant, to a new template and to an older one: one of them gets it."""
    for number in range(ROUNDS):
        older, name = make(stage, f"older {number}"), f"slow {number}"
        create = partial(create_template, page_id=stage.page, name=name, title="Slow", body="")
        results = at_once(
            partial(stage.do, INES, create),
            partial(stage.do, MAX, change(older, name=name)),
            partial(stage.do, OLIVIA, create),
        )
        assert sum(isinstance(result, InvalidInputError) for result in results) == 2, results
    names = [each.name for each in stage.all(IncidentTemplate)]
    assert len(names) == len(set(names))
