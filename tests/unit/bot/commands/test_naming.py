"""The command line speaks of itself: what somebody reads there can be typed there."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.commands.naming import HERE, on_terminal
from desk.transaction import Desk
from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from storage.models import ApiKey, Grant, KeyStatus, Page, Role
from tests.command_line import type_keydesk
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA, add_grant, add_key
from tests.unit.bot.commands.conftest import Run


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("keys list", "keydesk keys list"),
        ("keys list all", "keydesk keys list --view all"),
        ("keys show kd_7f3a", "keydesk keys show kd_7f3a"),
        ("keys digest", "keydesk digest --dry-run"),
        ("keys request", "keydesk requests ask"),
        ("keys", "/acme-keys in Slack"),
        ("roles grant @somebody owner", "keydesk roles grant @somebody owner"),
        ("roles revoke @somebody owner on PAGE", "keydesk roles revoke @somebody owner --page PAGE"),
        ("incident new", "keydesk incident new"),
        ("incident list all", "keydesk incident list --view all"),
        ("incident drafts", "keydesk drafts list"),
        ("maintenance list on PAGE", "keydesk maintenance list --page PAGE"),
        ("incident help", "/acme-incident help in Slack"),
    ],
)
def test_names(line: str, named: str) -> None:
    """A command that both have is named as it is typed here; one that only Slack has is said to be there."""
    assert on_terminal("acme-")(line) == named


@pytest.mark.parametrize(("there", "here"), HERE.items())
def test_both_commands_are_there(there: str, here: str) -> None:
    """Slack's answers, and this one explains itself."""
    family, name = there.split()[:2]
    assert {str(one.command): one for one in join_areas(AREAS).commands}[f"/{family}"].get(name)
    assert type_keydesk(*here.split(), "--help").exit_code == 0


@both_databases
@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (("keys", "show", "nothing"), "'keydesk keys list --view all' shows every key."),
        (("keys", "show", "over and more"), "There is “over”."),
        (("keys", "extend", "over", "30d"), "Ask for a new one: 'keydesk requests ask'."),
        (("keys", "rotate", "suspended"), "'keydesk keys restore' lets it work again."),
        (("roles", "revoke", "Mia", "owner"), "See keydesk roles list."),
        (("roles", "revoke", "Omar", "owner"), "owner first, without an end: keydesk roles grant @somebody owner"),
        (
            ("roles", "revoke", "Mia", "integrator"),
            "Say which one ends, or all: keydesk roles revoke @somebody integrator --page PAGE",
        ),
        (("roles", "grant", "S0NOBODY01", "integrator"), "Try keydesk roles sync, then grant again."),
        (("keys", "transfer", "suspended", "nobody"), "Name a person or a group, like @mia."),
    ],
)
def test_hints_name_what_can_be_typed_here(
    keydesk_on: Run,
    seeded: Desk,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    typed: tuple[str, ...],
    hint: str,
) -> None:
    """A refusal ends with 1, and its hint names commands of the command line, or says that they are Slack's."""
    monkeypatch.setenv("KEYDESK_COMMAND_PREFIX", "acme-")
    with seeded.database.write() as session:
        add_key(session, now - timedelta(days=1), name="over", status=KeyStatus.REVOKED)
        add_key(session, now - timedelta(days=1), name="suspended", status=KeyStatus.SUSPENDED)
        add_grant(session, MIA, Role.INTEGRATOR, now)
        add_grant(session, MIA, Role.INTEGRATOR, now, page_id=session.scalars(select(Page.id)).one())
        for grant in session.scalars(select(Grant).where(Grant.subject_id == OLIVIA)):
            grant.expires_at = now + timedelta(days=1)
    refused = keydesk_on(*typed)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1].endswith(hint)


@pytest.mark.parametrize("span", ["30d", "for 30 days"])
def test_extending_by_a_span_counts_from_the_end(keydesk_on: Run, seeded: Desk, now: datetime, span: str) -> None:
    """As in Slack: a key that lives for ten days more lives for forty then; one that is over, for thirty from now."""
    with seeded.database.write() as session:
        alive = add_key(session, now - timedelta(days=80), name="alive").id
        over = add_key(session, now - timedelta(days=100), name="over").id
    assert keydesk_on("keys", "extend", "alive", span).exit_code == 0
    assert keydesk_on("keys", "extend", "over", span).exit_code == 0
    with seeded.database.read() as session:
        ends = [session.get_one(ApiKey, key_id).expires_at for key_id in (alive, over)]
    assert ends[0] == now + timedelta(days=40)
    assert timedelta() <= ends[1] - (now + timedelta(days=30)) < timedelta(minutes=5)
