"""`keydesk keys`."""

from datetime import datetime, timedelta

import pytest

from desk.secret import looks_genuine, sha256
from desk.transaction import Desk
from storage.models import ApiKey, AuditEvent, KeyStatus, Page, SlackMessage, Ticket
from tests.databases import both_databases
from tests.factories import GUS, MIA, OLIVIA, add_key, add_member, add_use
from tests.unit.bot.commands.conftest import Run


@pytest.fixture
def key(seeded: Desk, now: datetime) -> ApiKey:
    """A key of Mia's, made a month ago."""
    with seeded.database.write() as session:
        return add_key(session, now - timedelta(days=30), name="terraform prod", expires_at=now + timedelta(days=60))


def present(desk: Desk, key: ApiKey) -> ApiKey:
    """The key as it is now."""
    with desk.database.read() as session:
        return session.get_one(ApiKey, key.id)


def test_keys_are_listed(keydesk_on: Run, seeded: Desk, key: ApiKey, now: datetime) -> None:
    """Each key stands on a line, by name, with its state, who answers for it and when it was used."""
    with seeded.database.write() as session:
        used = add_key(session, now, name="backup", holder_id=OLIVIA)
        add_use(session, used, last_used_at=now, reads=1)
        add_key(session, now, name="old one", status=KeyStatus.REVOKED)
    lines = keydesk_on("keys", "list").stdout.splitlines()
    assert lines[0].split() == ["ID", "NAME", "STATE", "ANSWERS", "SCOPES", "EXPIRES", "LAST", "USED"]
    assert lines[1].split() == [
        used.id,
        "backup",
        "active",
        "Olivia",
        "read",
        used.expires_at.date().isoformat(),
        now.date().isoformat(),
    ]
    assert lines[2].split()[1:5] == ["terraform", "prod", "active", "Mia"]
    assert lines[2].endswith("never")
    assert len(lines) == 3


def test_a_list_can_be_narrowed(keydesk_on: Run, seeded: Desk, key: ApiKey, now: datetime) -> None:
    """By view, by holder and by text; an empty list says so."""
    with seeded.database.write() as session:
        add_key(session, now, name="old one", status=KeyStatus.REVOKED, holder_id=OLIVIA)
    assert "old one" in keydesk_on("keys", "list", "--view", "revoked").stdout
    assert "terraform" in keydesk_on("keys", "list", "--holder", "@mia").stdout
    assert keydesk_on("keys", "list", "--holder", OLIVIA).stdout == "No keys.\n"
    assert keydesk_on("keys", "list", "--text", "nothing like it").stdout == "No keys.\n"


def test_one_key_is_shown_by_name_id_or_start(keydesk_on: Run, seeded: Desk, key: ApiKey) -> None:
    """All that is known of it, whatever it was named by."""
    shown = keydesk_on("keys", "show", "Terraform Prod").stdout
    assert f"id              {key.id}\n" in shown
    assert "pages           all pages\n" in shown
    assert "last used       never\n" in shown
    assert "revoked" not in shown
    assert keydesk_on("keys", "show", key.id).stdout == shown
    assert keydesk_on("keys", "show", key.start).stdout == shown


def test_an_unknown_key_is_told(keydesk_on: Run, seeded: Desk) -> None:
    """A sentence and exit status 1, for every command that names a key."""
    for command in (["show"], ["restore"], ["revoke", "--reason", "leak"]):
        result = keydesk_on("keys", command[0], "nobody's", *command[1:])
        assert result.exit_code == 1
        assert "nobody's" in result.stderr


def test_a_key_is_renamed_extended_and_transferred(keydesk_on: Run, seeded: Desk, key: ApiKey, now: datetime) -> None:
    """The row changes, and the answer says to what."""
    renamed = keydesk_on("keys", "rename", "terraform prod", "terraform")
    assert renamed.stdout == f"The key {key.id} is now called “terraform”.\n"
    day = (now + timedelta(days=90)).date().isoformat()
    assert "now expires on" in keydesk_on("keys", "extend", "terraform", day).stdout
    assert keydesk_on("keys", "transfer", "terraform", "olivia").stdout == "Olivia now answers for “terraform”.\n"
    changed = present(seeded, key)
    assert (changed.name, changed.holder_id) == ("terraform", OLIVIA)
    assert changed.expires_at > key.expires_at


def test_a_key_is_suspended_and_restored(keydesk_on: Run, seeded: Desk, key: ApiKey) -> None:
    """Suspending takes a reason; the operator is kept as who did it."""
    assert keydesk_on("keys", "suspend", "terraform prod").exit_code == 2
    assert "is suspended" in keydesk_on("keys", "suspend", "terraform prod", "--reason", "too quiet").stdout
    suspended = present(seeded, key)
    assert (suspended.status, suspended.suspend_reason) == (KeyStatus.SUSPENDED, "too quiet")
    assert str(suspended.suspended_by).startswith("operator:")
    assert keydesk_on("keys", "restore", "terraform prod").stdout == "“terraform prod” works again.\n"
    assert present(seeded, key).status == KeyStatus.ACTIVE


@both_databases
def test_rotation_leaves_the_new_key_to_its_holder(keydesk_on: Run, seeded: Desk, key: ApiKey) -> None:
    """No secret is printed: the holder gets a ticket, and the old key works on."""
    answer = keydesk_on("keys", "rotate", "terraform prod", "--grace", "48h").stdout
    assert answer == (
        "Mia can collect the new key for “terraform prod” in Slack. The old one works for 2 days after that.\n"
    )
    with seeded.database.read() as session:
        ticket = session.query(Ticket).one()
    assert (ticket.collector_id, ticket.predecessor_id, ticket.grace_seconds) == (MIA, key.id, 48 * 3600)


def test_a_key_that_nobody_uses_is_revoked_at_once(keydesk_on: Run, seeded: Desk, key: ApiKey) -> None:
    """There is nothing to ask about."""
    assert keydesk_on("keys", "revoke", key.id, "--reason", "gone").stdout == "“terraform prod” is revoked.\n"
    assert present(seeded, key).status == KeyStatus.REVOKED


def test_revoking_a_key_in_use_asks_first(keydesk_on: Run, seeded: Desk, key: ApiKey, now: datetime) -> None:
    """The question says when and from where it was used; `--yes` answers beforehand."""
    with seeded.database.write() as session:
        add_use(session, key, last_used_at=now, last_address="192.0.2.7", reads=1)
    refused = keydesk_on("keys", "revoke", key.id, "--reason", "gone", input="n\n")
    assert refused.exit_code == 1
    assert "was used lately" in refused.stderr
    assert "from 192.0.2.7" in refused.stderr
    assert present(seeded, key).status == KeyStatus.ACTIVE
    assert keydesk_on("keys", "revoke", key.id, "--reason", "gone", input="y\n").exit_code == 0
    assert present(seeded, key).status == KeyStatus.REVOKED


def test_revoking_a_key_in_use_can_be_confirmed_beforehand(
    keydesk_on: Run, seeded: Desk, key: ApiKey, now: datetime
) -> None:
    """Scripts are not asked."""
    with seeded.database.write() as session:
        add_use(session, key, last_used_at=now, reads=1)
    assert keydesk_on("keys", "revoke", key.id, "--reason", "gone", "--yes").exit_code == 0
    assert present(seeded, key).status == KeyStatus.REVOKED


@both_databases
def test_a_first_key_is_made(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """Its secret alone stands on standard output, and opens the key; of it nothing is kept, and owners are told."""
    wanted = ("--holder", "@olivia", "--purpose", "To begin with.", "--scope", "keys:write", "--scope", "read")
    done = keydesk_on("keys", "create", "first", *wanted, "--page", "acme", "--days", "7")
    secret = done.stdout.removesuffix("\n")
    assert looks_genuine(secret)
    with seeded.database.read() as session:
        key = session.query(ApiKey).one()
        event = session.query(AuditEvent).filter_by(action="key.minted").one()
        told = {note.conversation for note in session.query(SlackMessage).filter_by(kind="key.made")}
        page = session.query(Page).filter_by(subdomain="acme").one()
    assert (key.name, key.sha256, key.scopes, key.pages) == (
        "first",
        sha256(secret),
        ["read", "keys:write"],
        [page.id],
    )
    assert (key.holder_id, key.expires_at - key.created_at) == (OLIVIA, timedelta(days=7))
    assert key.revealed_at is not None
    assert event.actor.startswith("operator:")
    assert event.data["holder_id"] == OLIVIA
    assert secret not in f"{event.data}{done.stderr}"
    assert f"The key {key.id}, “first”, works until" in done.stderr
    assert OLIVIA in told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--scope", "metrics:write"), "No call of the API needs `metrics:write` yet"),
        (("--scope", "nonsense"), "is not a scope"),
        (("--scope", "nonsense"), "component_status:write, components:write, page_configuration:write, "),
        (("--holder", "@gus"), "may not hold keys"),
        (("--page", "nowhere"), "is no page"),
        (("--days", "900"), "Choose between 1 and 365 days"),
    ],
)
def test_a_first_key_is_as_any_other(
    keydesk_on: Run, seeded: Desk, now: datetime, changed: tuple[str, str], said: str
) -> None:
    """What nobody could ask for is not made, and nothing is printed as a secret."""
    with seeded.database.write() as session:
        add_member(session, GUS, now, name="Gus", is_guest=True)
    wanted = {"--holder": "@olivia", "--purpose": "To begin with.", "--scope": "read"} | dict([changed])
    done = keydesk_on("keys", "create", "first", *(word for pair in wanted.items() for word in pair))
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stdout == ""
    with seeded.database.read() as session:
        assert session.query(ApiKey).count() == 0
