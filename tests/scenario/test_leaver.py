"""Stories of people who leave: their keys work on, their roles and requests end, owners decide about each key."""

from datetime import timedelta

import pytest

from desk.permissions import effective_roles, list_owner_ids
from desk.policy import Takeover
from desk.transaction import Actor
from sandbox.player import Json, NotOnScreenError, find_label, inputs_of, words_of
from storage.models import ApiKey, Grant, Member, Organization, Role, Ticket
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, OMAR, add_grant, add_key, add_use
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.keys_stage import said, stored, surely
from tests.waiting import wait_until

JOB = Actor.operator("test")


@pytest.fixture
def staffed(scenario: Scenario) -> Scenario:
    """Mia is incident manager and answers for two keys; one was used yesterday."""
    now = scenario.clock.now()
    with scenario.database.write() as session:
        session.query(Organization).one().owners_seeded_at = now
        add_grant(session, MIA, Role.INCIDENT_MANAGER, now)
        key = add_key(session, now, name="terraform <prod>", scopes=["read", "components:write"])
        add_use(session, key, last_used_at=now - timedelta(days=1), reads=3)
        add_key(session, now, name="grafana")
    return scenario


def leave(scenario: Scenario, user_id: str = MIA) -> None:
    """Somebody is deactivated in Slack."""
    scenario.control.call("PATCH", f"users/{user_id}", {"deleted": True})
    wait_until(lambda: is_gone(scenario, user_id))


def is_gone(scenario: Scenario, user_id: str) -> bool:
    """Whether the desk knows that somebody is deactivated."""
    with scenario.database.read() as session:
        return session.get_one(Member, user_id).is_deleted


def card(scenario: Scenario) -> Json:
    """The owners' card as it is on their screens now."""
    return shows(scenario.owners_channel(), "left Slack")


def key_ids(scenario: Scenario) -> dict[str, str]:
    """Key ids by name."""
    with scenario.database.read() as session:
        return {key.name: key.id for key in session.query(ApiKey)}


def test_everything_that_was_theirs_is_settled_and_keys_work_on(staffed: Scenario) -> None:
    """Roles end, the open request is withdrawn on its card, keys are untouched, and the card lists them."""
    staffed.mia.type_command('/keys request "one more" scope:read page:acme for 90d because we automate')
    request = shows(staffed.owners_channel(), "one more")
    assert find_label(request, "Approve")
    before = {key_id: stored(staffed, key_id).version for key_id in key_ids(staffed).values()}
    leave(staffed)
    shown = shows([card(staffed)], "mia left Slack", "1 grant ended", "1 open request withdrawn")
    shows([shown], "terraform &lt;prod&gt;", "`components:write`", "last used 1 day ago", "grafana", "never used")
    assert find_label(shows(staffed.owners_channel(), "one more"), "Approve") is None
    for key_id, version in before.items():
        assert stored(staffed, key_id).version == version
        assert stored(staffed, key_id).status == "active"
    assert not has_role(staffed, MIA)
    assert staffed.violations() == []


def has_role(scenario: Scenario, user_id: str) -> bool:
    """Whether somebody is incident manager."""
    roles = scenario.desk.read_now(JOB, lambda tx: effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy))
    return roles.has(Role.INCIDENT_MANAGER)


def test_the_card_follows_as_keys_are_dealt_with(staffed: Scenario) -> None:
    """One key is transferred, the other revoked; the card shows each outcome and at last that all is done."""
    leave(staffed)
    staffed.olivia.press("Transfer to…", card(staffed))
    staffed.olivia.submit(**{transfer_field(staffed): MAX})
    shows([card(staffed)], "1 key of theirs", f"<@{MAX}> answers for it")
    assert stored(staffed, key_ids(staffed)["grafana"]).holder_id == MAX
    staffed.omar.press("Revoke…", card(staffed))
    staffed.omar.submit(**revoke_fields(staffed))
    done = shows([card(staffed)], "Every key that they answered for is dealt with", f"revoked by <@{OMAR}>")
    assert find_label(done, "Transfer") is None
    assert staffed.violations() == []


def transfer_field(scenario: Scenario) -> str:
    """The block id of the person in the transfer form."""
    inputs = inputs_of(scenario.olivia.modal)
    return str(next(block["block_id"] for block in inputs if block["element"]["type"] == "users_select"))


def revoke_fields(scenario: Scenario) -> dict[str, str]:
    """A reason for whatever the revocation form asks."""
    texts = [block for block in inputs_of(scenario.omar.modal) if block["element"]["type"] == "plain_text_input"]
    return {block["block_id"]: "nobody needs it" for block in texts}


def test_a_member_cannot_use_the_buttons(staffed: Scenario) -> None:
    """Whoever sees the card in the channel without being an owner is refused."""
    leave(staffed)
    surely(staffed.olivia, f"/roles revoke <@{OMAR}|omar> owner")
    staffed.omar.press("Transfer to…", card(staffed))
    with pytest.raises(NotOnScreenError):
        _ = staffed.omar.modal
    assert stored(staffed, key_ids(staffed)["grafana"]).holder_id == MIA


def test_sixty_keys_on_one_card(scenario: Scenario) -> None:
    """The card shows the first ones and a button for the rest, turned for one's own eyes; it refills as keys go."""
    with scenario.database.write() as session:
        for number in range(60):
            add_key(session, scenario.clock.now(), name=f"{number:02d} " + "k" * 200, purpose="p" * 500)
    leave(scenario)
    shown = shows([card(scenario)], "60 keys of theirs", "00 kkk", "11 kkk")
    assert "12 kkk" not in words_of(shown)
    scenario.olivia.press("Show the other 48", shown)
    place = shown["channel"]
    shows(scenario.olivia.messages(place), "sheet 2 of 5", "12 kkk", "23 kkk")
    count = len(scenario.olivia.messages(place))
    scenario.olivia.press("Next", shows(scenario.olivia.messages(place), "sheet 2 of 5"))
    shows(scenario.olivia.messages(place), "sheet 3 of 5", "24 kkk")
    scenario.olivia.press("Previous", shows(scenario.olivia.messages(place), "sheet 3 of 5"))
    assert len(scenario.olivia.messages(place)) == count
    scenario.olivia.press("Revoke…", card(scenario))
    scenario.olivia.submit(**{"reason": "gone"})
    shows([card(scenario)], "59 keys of theirs", "12 kkk", "Show the other 47")
    assert scenario.violations() == []


def test_who_comes_back_has_no_role_by_itself(staffed: Scenario) -> None:
    """Owners are told that grants ended and stay ended; the card says that the keys have their person again."""
    leave(staffed)
    staffed.deliver()
    staffed.control.call("PATCH", f"users/{MIA}", {"deleted": False})
    wait_until(lambda: not is_gone(staffed, MIA))
    shows(staffed.owners_channel(), f"<@{MIA}> is active in Slack again", "1 grant ended", "nothing comes back")
    shows([card(staffed)], "They are back", "answer for their keys again")
    assert not has_role(staffed, MIA)


def test_who_becomes_a_guest_has_no_role_at_once(staffed: Scenario) -> None:
    """Owners are told, with the reason; back as a full member, the grants count again."""
    staffed.control.call("PATCH", f"users/{MIA}", {"is_restricted": True})
    wait_until(lambda: not has_role(staffed, MIA))
    shows(staffed.owners_channel(), f"<@{MIA}> was a full member and is a guest now", "don't count")
    shows([said(staffed.mia, "/roles list me")], "full members")
    staffed.control.call("PATCH", f"users/{MIA}", {"is_restricted": False})
    wait_until(lambda: has_role(staffed, MIA))
    shows(staffed.owners_channel(), "is a full member now", "count again")


@both_databases
def test_the_secret_of_somebody_who_left_is_not_one_owner_s_to_take(staffed: Scenario) -> None:
    """*Rotate…* on the card asks the owners for a key like it; the old one is as it was until somebody decides."""
    leave(staffed)
    staffed.olivia.press("Rotate…", card(staffed))
    assert "asks them for a key that is like it" in words_of(staffed.olivia.modal)
    staffed.olivia.submit()
    asked = shows(staffed.owners_channel(), "asks for an API key", "grafana", "To take over the key grafana")
    staffed.olivia.press("Approve", asked)
    assert stored(staffed, key_ids_old(staffed)).retires_at is None
    with staffed.database.read() as session:
        assert session.query(Ticket).count() == 0
    staffed.omar.press("Approve", asked)
    staffed.olivia.press("Collect my key", shows(staffed.direct_messages(staffed.olivia), "grafana", "*Approved*"))
    with staffed.database.read() as session:
        assert session.query(ApiKey).filter_by(holder_id=OLIVIA).one().name == "grafana"


@pytest.mark.parametrize(
    "policy", [policy_of(owners_channel=OWNERS_CHANNEL, never_used_after=timedelta(), key_takeover=Takeover.ANNOUNCE)]
)
def test_a_rotated_key_of_somebody_who_left_has_somebody_to_answer_for_it(staffed: Scenario) -> None:
    """An owner rotates it from the card and collects the successor: from then on the owner answers for it."""
    leave(staffed)
    staffed.olivia.press("Rotate…", card(staffed))
    staffed.olivia.submit()
    ticket = shows(staffed.direct_messages(staffed.olivia), "grafana")
    staffed.olivia.press("Collect my key", ticket)
    with staffed.database.read() as session:
        old = session.get_one(ApiKey, key_ids_old(staffed))
        successor = session.query(ApiKey).filter_by(predecessor_id=old.id).one()
    assert successor.holder_id == OLIVIA
    shows([card(staffed)], "1 key of theirs", "rotated, works until")


def key_ids_old(scenario: Scenario) -> str:
    """The id of the first key named grafana."""
    with scenario.database.read() as session:
        return session.query(ApiKey).filter(ApiKey.name == "grafana", ApiKey.predecessor_id.is_(None)).one().id


@both_databases
def test_the_last_owner_is_deactivated(scenario: Scenario) -> None:
    """Slack takes the only owner: the workspace's primary owner is owner at once, and the channel hears it."""
    with scenario.database.write() as session:
        session.query(Organization).one().owners_seeded_at = scenario.clock.now()
        session.get_one(Member, OLIVIA).is_primary_owner = True
        session.query(Grant).filter(Grant.subject_id == OLIVIA).delete()
    leave(scenario, OMAR)
    assert scenario.desk.read_now(JOB, list_owner_ids) == [OLIVIA]
    shows(scenario.direct_messages(scenario.olivia), "You are an", "owner", "because Slack took everybody")
    shows(scenario.owners_channel(), f"<@{OLIVIA}>", "because Slack took everybody")
    assert scenario.violations() == []
