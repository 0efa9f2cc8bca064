"""Changing keys with buttons, menus and modals."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.keys.changes import rename_key, revoke_key, suspend_key
from desk.keys.questions import ask_holder, keep_key
from desk.keys.suspended_use import tell_of_suspended_use
from desk.keys.uses import SuspendedUse
from desk.transaction import Actor, JobName
from sandbox.player import Json, NotOnScreenError, Player, words_of
from storage.models import KeyStatus, KeyUse, Scope
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, add_page, add_request
from tests.scenario.conftest import Scenario, shows
from tests.scenario.keys_stage import add, said, stored
from tests.waiting import wait_until

DAY = timedelta(days=1)
OWNER = Actor.member(OLIVIA)


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


def open_key(player: Player, name: str = "terraform prod") -> Json:
    """A key's modal, opened from the list."""
    player.choose("Show everything", said(player, f"/keys list {name}"))
    return player.modal


def test_a_wish_for_more_time_is_declined(scenario: Scenario) -> None:
    """An owner presses *Decline…* on the card: it says by whom and why, and whoever asked hears it."""
    add(scenario)
    said(scenario.mia, "/keys extend terraform prod until 2026-12-24 because the migration is late")
    scenario.olivia.press("Decline…", shows(scenario.owners_channel(), "asks for more time"))
    assert scenario.olivia.submit(reason="The migration is over.") == {}
    assert "Declined: it keeps its end" in words_of(scenario.olivia.modal)
    card = shows(scenario.owners_channel(), "asks for more time", "Declined by", "The migration is over.")
    with pytest.raises(NotOnScreenError):
        scenario.olivia.press("Extend…", card)
    heard = shows(scenario.direct_messages(scenario.mia), "You asked about this key", "declined more time")
    assert "The migration is over." in words_of(heard)


def test_a_wish_for_more_time_is_declined_by_typing(scenario: Scenario) -> None:
    """`/keys decline` is the same; it is for owners, and says so where nobody asks."""
    add(scenario)
    typed = "/keys decline terraform prod because the migration is over"
    shows([said(scenario.olivia, typed)], "Nobody waits for more time for “terraform prod”.")
    said(scenario.mia, "/keys extend terraform prod until 2026-12-24 because the migration is late")
    shows([said(scenario.mia, typed)], "owner")
    shows([said(scenario.olivia, "/keys decline terraform prod")], "Say why")
    shows([said(scenario.olivia, typed)], "Declined: it keeps its end")
    shows(scenario.direct_messages(scenario.mia), "You asked about this key", "the migration is over")


@pytest.mark.parametrize(
    ("label", "fields", "expected"),
    [
        ("Rename…", {"name": "new name"}, {"name": "new name"}),
        ("Suspend…", {"reason": "leak"}, {"status": KeyStatus.SUSPENDED, "suspend_reason": "leak"}),
        ("Revoke…", {"reason": "old"}, {"status": KeyStatus.REVOKED, "revoke_reason": "old"}),
        ("Transfer to…", {"holder": MAX}, {"holder_id": MAX}),
        ("Keep until…", {"until": "2026-05-01", "reason": "yearly job"}, {"keep_reason": "yearly job"}),
    ],
)
def test_each_modal_changes_its_key(
    scenario: Scenario, label: str, fields: dict[str, str], expected: dict[str, Any]
) -> None:
    """An owner opens the key, presses a button, fills in the modal, and sees the key as it is then."""
    key_id = add(scenario)
    scenario.olivia.press(label, open_key(scenario.olivia))
    assert scenario.olivia.submit(**fields) == {}
    assert len(scenario.olivia.views()) == 1
    assert ":white_check_mark:" in words_of(scenario.olivia.modal)
    key = stored(scenario, key_id)
    assert {name: getattr(key, name) for name in expected} == expected


def test_extend_by_picking_a_day(scenario: Scenario) -> None:
    """The day that is proposed is later than the present end; the key lives until the end of the day picked."""
    key_id = add(scenario)
    scenario.olivia.press("Extend…", open_key(scenario.olivia))
    assert scenario.olivia.submit(until="2026-12-24") == {}
    assert stored(scenario, key_id).expires_at.isoformat() == "2026-12-24T23:59:00+00:00"


@pytest.mark.parametrize(
    ("label", "fields", "field"),
    [
        ("Extend…", {"until": "2026-03-20"}, "until"),
        ("Extend…", {"until": "2031-01-01"}, "until"),
        ("Keep until…", {"until": "2026-02-01", "reason": "x"}, "until"),
        ("Rename…", {"name": "   "}, "name"),
        ("Suspend…", {"reason": "   "}, "reason"),
        ("Transfer to…", {"holder": "U0GUS00001"}, "holder"),
    ],
)
def test_mistakes_are_shown_beside_their_field(
    scenario: Scenario, label: str, fields: dict[str, str], field: str
) -> None:
    """What cannot be used is said beside the input, the modal stays open and nothing changes."""
    key_id = add(scenario)
    scenario.olivia.press(label, open_key(scenario.olivia))
    assert list(scenario.olivia.submit(**fields)) == [field]
    assert stored(scenario, key_id).version == 1


def test_the_menu_beside_a_key(scenario: Scenario) -> None:
    """The menu in the list leads to the same modals as the buttons do."""
    key_id = add(scenario)
    listed = said(scenario.mia, "/keys mine")
    scenario.mia.choose("Suspend…", listed)
    scenario.mia.submit(reason="holidays")
    assert stored(scenario, key_id).status == KeyStatus.SUSPENDED
    scenario.mia.close()
    scenario.mia.choose("Restore", said(scenario.mia, "/keys mine"))
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE


@both_databases
def test_a_member_is_offered_what_they_may_do(scenario: Scenario) -> None:
    """A holder sees no owner's buttons, and *Ask for more time…* in place of *Extend…*."""
    add(scenario)
    modal = open_key(scenario.mia)
    for label in ("Transfer to…", "Extend…", "Ask its holder"):
        with pytest.raises(NotOnScreenError):
            scenario.mia.press(label, modal)
    scenario.mia.press("Ask for more time…", modal)
    assert scenario.mia.submit(until="2026-07-01", reason="late") == {}
    shows(scenario.owners_channel(), "asks for more time")


def test_a_button_of_an_older_state(scenario: Scenario) -> None:
    """A modal that shows an older version changes nothing, and says what happened meanwhile."""
    key_id = add(scenario)
    scenario.olivia.press("Suspend…", open_key(scenario.olivia))
    scenario.desk.write_now(Actor.member(MIA), lambda tx: rename_key(tx, key_id, "other"))
    scenario.olivia.submit(reason="leak")
    refusal = words_of(scenario.olivia.modal)
    assert "changed after this was shown to you" in refusal
    assert "Mia Member renamed it" in refusal
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE


def test_a_button_of_a_key_that_ended(scenario: Scenario) -> None:
    """Pressing a button of a key that was revoked meanwhile says who revoked it."""
    key_id = add(scenario)
    listed = said(scenario.mia, "/keys mine")
    scenario.desk.write_now(OWNER, lambda tx: revoke_key(tx, key_id, reason="leak"))
    scenario.mia.choose("Suspend…", listed)
    shows(scenario.mia.messages("C0GENERAL1"), "is revoked, for good", "Olivia Owens revoked it")


def test_the_revoke_modal_warns(scenario: Scenario) -> None:
    """The modal shows the last use, and offers to suspend instead."""
    key_id = add(scenario, use={"last_used_at": NOW - DAY, "last_address": "198.51.100.7"})
    scenario.olivia.press("Revoke…", open_key(scenario.olivia))
    assert "Something uses this key" in words_of(scenario.olivia.modal)
    assert "198.51.100.7" in words_of(scenario.olivia.modal)
    scenario.olivia.press("Suspend instead", scenario.olivia.modal)
    assert scenario.olivia.submit(reason="look who calls") == {}
    assert stored(scenario, key_id).status == KeyStatus.SUSPENDED


def test_a_use_while_the_modal_is_open(scenario: Scenario) -> None:
    """A key that came into use after its modal was drawn is warned about before it is revoked, reason kept."""
    key_id = add(scenario, use={})
    scenario.olivia.press("Revoke…", open_key(scenario.olivia))
    with scenario.database.write() as session:
        session.get_one(KeyUse, key_id).last_used_at = NOW
    scenario.olivia.submit(reason="never used, I thought")
    assert "Something uses this key" in words_of(scenario.olivia.modal)
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE
    assert scenario.olivia.submit() == {}
    assert stored(scenario, key_id).revoke_reason == "never used, I thought"


def test_the_holder_is_asked(scenario: Scenario) -> None:
    """*Ask its holder* brings a card with two answers; what the holder answers stands there afterwards."""
    key_id = add(scenario)
    scenario.olivia.press("Ask its holder", open_key(scenario.olivia))
    card = shows(scenario.direct_messages(scenario.mia), "do you still need", "terraform prod")
    scenario.mia.press("Still needed…", card)
    assert scenario.mia.submit(until="2026-06-01", reason="runs quarterly") == {}
    assert stored(scenario, key_id).keep_reason == "runs quarterly"
    card = shows(scenario.direct_messages(scenario.mia), "do you still need")
    assert "Kept until" in words_of(card)


def test_the_holder_needs_it_no_more(scenario: Scenario) -> None:
    """*Not needed…* ends the key with the holder's reason, and owners hear of it."""
    key_id = add(scenario)
    scenario.desk.write_now(OWNER, lambda tx: ask_holder(tx, key_id))
    card = shows(scenario.direct_messages(scenario.mia), "do you still need")
    scenario.mia.press("Not needed…", card)
    assert scenario.mia.submit(reason="project is over") == {}
    assert stored(scenario, key_id).status == KeyStatus.REVOKED
    shows(scenario.owners_channel(), "revoked", "project is over")


def test_a_list_of_500(scenario: Scenario) -> None:
    """500 keys with the longest texts go through page by page, in a message and in a modal, within Slack's limits."""
    long = {
        "name": "&<*" * 85,
        "scopes": ["read", "incidents:write", "page_configuration:write"],
        "purpose": "p" * 900,
    }
    for number in range(500):
        add(scenario, **{**long, "name": f"{number:03} {long['name']}"[:255]})
    message = said(scenario.olivia, "/keys list")
    seen = 0
    for turn in range(3):
        assert f"Keys {seen + 1} to" in words_of(message), turn
        seen = int(words_of(message).split(" to ")[1].split(" of ")[0])
        scenario.olivia.press("Next ›", message)
        message = scenario.olivia.messages("C0GENERAL1")[-1]
    scenario.olivia.press("‹ Previous", message)
    scenario.olivia.press("All keys", said(scenario.olivia, "/keys"))
    assert "Keys 1 to 20 of 500" in words_of(scenario.olivia.modal)
    scenario.olivia.press("Next ›", scenario.olivia.modal)
    assert "Keys 21 to 40 of 500" in words_of(scenario.olivia.modal)
    scenario.olivia.choose("Show everything", scenario.olivia.modal)
    assert len(scenario.olivia.views()) == 2
    scenario.olivia.close()
    assert "Keys 21 to 40 of 500" in words_of(scenario.olivia.modal)


def test_members_list_their_own(scenario: Scenario) -> None:
    """A member's list holds their keys and says that it does; somebody else's is refused."""
    add(scenario)
    add(scenario, name="not mine", holder_id=MAX)
    listed = words_of(said(scenario.mia, "/keys list"))
    assert "terraform prod" in listed
    assert "not mine" not in listed
    assert "Only owners see the others" in listed
    assert "Only owners see the keys of others" in words_of(said(scenario.mia, f"/keys list holder:<@{MAX}>"))


@both_databases
def test_narrowed_lists(scenario: Scenario) -> None:
    """Views, page, holder and text narrow an owner's list; nothing found is said with what else there is."""
    add(scenario, name="idle", created_at=NOW - 60 * DAY)
    key_id = add(scenario, name="paused", holder_id=MAX)
    scenario.desk.write_now(OWNER, lambda tx: suspend_key(tx, key_id, reason="x"))
    for text, expected, other in (
        ("unused", "idle", "paused"),
        ("suspended page:acme", "paused", "idle"),
        (f"holder:<@{MAX}|max>", "paused", "idle"),
        ("holder:@max", "paused", "idle"),
        ("aus", "paused", "idle"),
    ):
        listed = words_of(said(scenario.olivia, f"/keys list {text}"))
        assert expected in listed, text
        assert f"*{other}*" not in listed, text
    assert "No key" in words_of(said(scenario.olivia, "/keys list nonsense"))
    assert "is no page" in words_of(said(scenario.olivia, "/keys list page:nowhere"))


def test_the_largest_key_there_can_be(scenario: Scenario) -> None:
    """A key whose every text is as long as it may be, with a long history, is shown whole in message and modal."""
    worst = "&<>*" * 80
    with scenario.database.write() as session:
        pages = [
            add_page(session, NOW, name=f"{number}{worst}"[:255], subdomain=f"p{number}").id for number in range(9)
        ]
        request = add_request(session, NOW, decision_reason=worst * 10, decided_at=NOW, decided_by=str(OWNER)).id
    key_id = add(
        scenario,
        name=worst[:255],
        purpose="\n" * 500 + worst * 6,
        pages=pages,
        scopes=[str(scope) for scope in Scope],
        request_id=request,
        use={"last_used_at": NOW, "last_address": "2001:db8::1", "last_user_agent": worst[:255], "reads": 10**9},
    )
    for number in range(15):
        keep = partial(keep_key, key_id=key_id, until=NOW + (number + 9) * DAY, reason="&" * 1000)
        scenario.desk.write_now(OWNER, keep)
    scenario.desk.write_now(OWNER, lambda tx: suspend_key(tx, key_id, reason="<" * 1000))
    shown = said(scenario.olivia, f"/keys show {key_id}")
    assert "suspended" in words_of(shown)
    scenario.olivia.choose("Show everything", said(scenario.olivia, "/keys list"))
    assert "What happened, newest first" in words_of(scenario.olivia.modal)
    assert "&lt;" in words_of(shows(scenario.direct_messages(scenario.mia), "suspended"))


@both_databases
def test_the_card_of_somebody_who_left(scenario: Scenario) -> None:
    """The owners' card of a leaver hands their key over with one modal, and shows who answers for it now."""
    key_id = add(scenario)
    scenario.control.call("PATCH", f"users/{MIA}", {"deleted": True})
    cards = wait_until(lambda: [one for one in scenario.owners_channel() if "left Slack" in words_of(one)])
    listed = said(scenario.olivia, "/keys list")
    assert f"<@{MIA}> has left" in words_of(listed)
    with pytest.raises(NotOnScreenError):
        scenario.olivia.press("Ask its holder", open_key(scenario.olivia))
    scenario.olivia.close()
    scenario.olivia.press("Transfer to…", cards[-1])
    assert scenario.olivia.submit(holder=MAX) == {}
    assert stored(scenario, key_id).holder_id == MAX
    shows(scenario.owners_channel(), "left Slack", f"<@{MAX}> answers for it")


def test_a_use_is_answered_with_restore(scenario: Scenario) -> None:
    """The owners' card of a suspended key that was used restores it with one press, and says so to everybody."""
    key_id = add(scenario)
    scenario.desk.write_now(OWNER, lambda tx: suspend_key(tx, key_id, reason="unknown"))
    use = SuspendedUse(key_id, 2, NOW, "198.51.100.7", "Terraform/1.9")
    scenario.desk.write_now(Actor.job(JobName.KEY_CHECK), lambda tx: tell_of_suspended_use(tx, use))
    scenario.omar.press("Restore", shows(scenario.owners_channel(), "was used, and refused"))
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE
    with pytest.raises(NotOnScreenError):
        scenario.olivia.press("Restore", shows(scenario.owners_channel(), "was used, and refused"))
