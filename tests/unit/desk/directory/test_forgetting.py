"""People as data: everything that names somebody, and what they were called deleted once they left."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from desk.audit.chain import verify
from desk.directory.events import take_user
from desk.directory.forgetting import NAME, forget_left, forget_member, list_person_data
from desk.errors import ConflictError, NotFoundError
from desk.people import SeenUser
from desk.transaction import Actor, Desk, JobName
from storage.models import ApiKey, AuditEvent, KeyStatus, KeyUse, Member, Upstream, UpstreamKey
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, TEAM, add_key
from tests.unit.desk.stage import Stage, set_stage

SLACK = Actor.job(JobName.SLACK)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Two owners, three members, a guest."""
    return set_stage(desk)


def say(stage: Stage, **values: Any) -> None:
    """What Slack says of Mia, whose names are like nobody's."""
    told = {"name": "Mia Zyxwvut", "handle": "mzyxwvut", "time_zone": "Europe/Zurich"} | values
    stage.do(SLACK, partial(take_user, seen=SeenUser(user_id=MIA, team_id=TEAM, **told)))


def everything(stage: Stage) -> str:
    """All that the database holds, as text."""
    with stage.desk.database.everywhere.read() as session:
        connection = session.connection()
        rows = (row for table in Member.metadata.sorted_tables for row in connection.execute(table.select()))
        return "\n".join(str(row) for row in rows)


@both_databases
def test_no_name_is_left_of_who_is_forgotten(stage: Stage) -> None:
    """Nowhere in the database: not in the audit trail either, whose chain stays whole."""
    say(stage)
    stage.ask(MIA)
    say(stage, is_deleted=True)
    assert "Zyxwvut" in everything(stage)
    stage.do(OLIVIA, partial(forget_member, user_id=MIA))
    left = everything(stage)
    assert "zyxwvut" not in left.lower()
    assert "Europe/Zurich" not in left
    assert stage.fresh(Member, MIA).name == NAME
    assert stage.actions(MIA)[-1] == "member.forgotten"
    assert stage.see(OLIVIA, verify).is_intact


def test_who_joins_is_in_the_trail_by_id_alone(stage: Stage) -> None:
    """Most people of a workspace never touch Keydesk: nothing keeps what they are called for good."""
    joined = SeenUser(user_id="U0PAT00001", team_id=TEAM, name="Pat Zyxwvut", handle="pzyxwvut")
    stage.do(SLACK, partial(take_user, seen=joined, joined=True))
    (event,) = [event for event in stage.all(AuditEvent) if event.subject_id == "U0PAT00001"]
    assert event.data == {"standing": "member"}


@both_databases
def test_slack_tells_the_name_again_in_vain(stage: Stage) -> None:
    """Slack describes people for ever who left; only somebody who is back has a name again."""
    say(stage, is_deleted=True)
    stage.do(OLIVIA, partial(forget_member, user_id=MIA))
    say(stage, is_deleted=True, updated=2_000_000_000)
    assert stage.fresh(Member, MIA).name == NAME
    say(stage, updated=2_000_000_001)
    back = stage.fresh(Member, MIA)
    assert (back.name, back.handle, back.forgotten_at) == ("Mia Zyxwvut", "mzyxwvut", None)


def test_who_is_in_the_workspace_is_not_forgotten(stage: Stage) -> None:
    """Slack would tell the name again at once."""
    say(stage)
    with pytest.raises(ConflictError, match="Mia Zyxwvut is in the workspace"):
        stage.do(OLIVIA, partial(forget_member, user_id=MIA))


@both_databases
def test_who_answers_for_a_key_is_not_forgotten(stage: Stage) -> None:
    """It would be nobody's, and nobody could say whose it was. One that ended holds nothing back, and it is forgotten
    from where it was called."""
    with stage.desk.database.write() as session:
        key = add_key(session, stage.desk.clock.now(), holder_id=MIA, name="terraform prod")
        other = add_key(session, stage.desk.clock.now(), holder_id=MAX, name="other")
        for each in (key, other):
            session.merge(KeyUse(key_id=each.id, last_address="192.0.2.7", last_user_agent="curl/8"))
    say(stage, is_deleted=True)
    with pytest.raises(ConflictError, match="answers for 1 key still: “terraform prod”"):
        stage.do(OLIVIA, partial(forget_member, user_id=MIA))
    with stage.desk.database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(status=KeyStatus.REVOKED))
    stage.do(OLIVIA, partial(forget_member, user_id=MIA))
    assert (stage.fresh(KeyUse, key.id).last_address, stage.fresh(KeyUse, key.id).last_user_agent) == (None, None)
    assert stage.fresh(KeyUse, other.id).last_address == "192.0.2.7"


def test_once_is_enough(stage: Stage) -> None:
    """Again changes and records nothing; nobody knows of one that there never was."""
    say(stage, is_deleted=True)
    for _ in range(2):
        stage.do(OLIVIA, partial(forget_member, user_id=MIA))
    assert stage.actions(MIA).count("member.forgotten") == 1
    with pytest.raises(NotFoundError):
        stage.do(OLIVIA, partial(forget_member, user_id="U0NOBODY99"))


def test_no_secret_is_listed(stage: Stage) -> None:
    """Not in any form: sealed and hashed ones of whatever somebody made are left out."""
    with stage.desk.database.write() as session:
        made = {"created_at": stage.desk.clock.now(), "created_by": f"member:{MIA}"}
        session.add(Upstream(id="upstream0001", base_url="https://x.example", hook_sha256="hash-of-hook", **made))
        session.flush()
        sealed = {"upstream_id": "upstream0001", "sealed": "sealed-key"}
        session.add(UpstreamKey(id="upkey0000001", name="first", **sealed, **made))
        add_key(session, stage.desk.clock.now(), holder_id=MIA, sha256="hash-of-key", start="kd_start")
    rows = stage.see(OLIVIA, lambda tx: list(list_person_data(tx, MIA)))
    assert {"upstream", "upstream_key", "api_key"} <= {row["table"] for row in rows}
    assert not [secret for secret in ("hash-of-hook", "sealed-key", "hash-of-key", "kd_start") if secret in str(rows)]


def test_everything_that_names_somebody_is_listed(stage: Stage) -> None:
    """What they are called, asked for, hold, were told and did, and no secret's hash."""
    ticket = stage.ticket(MIA)
    key, _ = stage.mint(ticket)
    rows = stage.see(OLIVIA, lambda tx: list(list_person_data(tx, MIA)))
    tables = {row["table"] for row in rows}
    assert {"member", "key_request", "ticket", "api_key", "slack_message", "audit_event"} <= tables
    assert key.sha256 not in str(rows)
    actors = {row["actor"] for row in rows if row["table"] == "audit_event"}
    # Also what others did about them: its data names whom it was for.
    assert {f"member:{MIA}", f"member:{OLIVIA}"} <= actors
    others = stage.see(OLIVIA, lambda tx: list(list_person_data(tx, MAX)))
    assert {row["table"] for row in others} == {"member"}
    with pytest.raises(NotFoundError):
        stage.see(OLIVIA, lambda tx: list(list_person_data(tx, "U0NOBODY99")))


@pytest.mark.parametrize(("days", "forgotten"), [(29, False), (31, True)])
def test_who_left_long_ago_is_forgotten_by_policy(stage: Stage, days: int, forgotten: bool) -> None:
    """After as many days as settings say, and not while a key of theirs waits; without a number, never."""
    with stage.desk.database.write() as session:
        add_key(session, stage.desk.clock.now(), holder_id=MAX)
    say(stage, is_deleted=True)
    gone = SeenUser(user_id=MAX, team_id=TEAM, name="Max", handle="max", is_deleted=True)
    stage.do(SLACK, partial(take_user, seen=gone))
    stage.desk.clock.advance(timedelta(days=days))  # type: ignore[attr-defined]
    assert stage.do(SLACK, forget_left) == 0
    policy = replace(stage.desk.policy, forget_left_after=timedelta(days=30))
    desk = replace(stage.desk, policy=policy)
    assert desk.write_now(SLACK, forget_left) == (1 if forgotten else 0)
    assert (stage.fresh(Member, MIA).name == NAME) is forgotten
    assert stage.fresh(Member, MAX).name == "Max"
    assert desk.write_now(SLACK, forget_left) == 0
