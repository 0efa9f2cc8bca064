"""`/keys` in words: what each sub-command answers, and what becomes of the key."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.keys.sweep import sweep_keys
from desk.secret import Secret
from desk.transaction import Actor, JobName
from sandbox.player import NotOnScreenError, words_of
from storage.models import KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import GUS, MAX, MIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.keys_stage import add, said, stored

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


def test_the_menu(scenario: Scenario) -> None:
    """`/keys` alone offers buttons: a member's own keys and the API's facts, and to owners all keys."""
    add(scenario)
    menu = said(scenario.mia, "/keys")
    scenario.mia.press("My keys", menu)
    assert "terraform prod" in words_of(scenario.mia.modal)
    scenario.mia.close()
    scenario.mia.press("About the API", menu)
    assert "Base URL" in words_of(scenario.mia.modal)
    scenario.mia.close()
    with pytest.raises(NotOnScreenError):
        scenario.mia.press("All keys", menu)
    scenario.olivia.press("All keys", said(scenario.olivia, "/keys"))
    assert "terraform prod" in words_of(scenario.olivia.modal)


def test_help_names_every_command(scenario: Scenario) -> None:
    """Help lists the sub-commands; those that only owners can use are shown to owners."""
    for_member, for_owner = words_of(said(scenario.mia, "/keys help")), words_of(said(scenario.olivia, "/keys help"))
    for name in (
        "request",
        "mine",
        "list",
        "show",
        "rename",
        "extend",
        "rotate",
        "suspend",
        "restore",
        "revoke",
        "info",
    ):
        assert f"/keys {name}" in for_member
    assert "/keys transfer" not in for_member
    assert "/keys transfer" in for_owner


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("/keys lsit", "/keys list"), ("/keys revok x", "/keys revoke"), ("/keys delte x", "/keys revoke")],
)
def test_a_slip_is_answered_with_what_was_meant(scenario: Scenario, typed: str, meant: str) -> None:
    """An unknown sub-command names the one that was probably meant."""
    answer = words_of(said(scenario.mia, typed))
    assert f"Did you mean `{meant}`?" in answer


@pytest.mark.parametrize("typed", ["/keys use x", "/keys spend x", "/keys revert x", "/keys dense x"])
def test_a_word_that_is_merely_like_it_points_at_nothing_that_stops_a_key(scenario: Scenario, typed: str) -> None:
    """Nor at refusing what somebody asked for."""
    answer = words_of(said(scenario.olivia, typed))
    assert not any(f"`/keys {verb}`?" in answer for verb in ("suspend", "revoke", "deny"))


def test_something_quite_unknown(scenario: Scenario) -> None:
    """A word that resembles nothing is answered with the way to help."""
    assert "/keys help" in words_of(said(scenario.mia, "/keys xyzzy"))


def test_info_is_for_everyone(scenario: Scenario) -> None:
    """A guest reads ids, base URL, owners and a call to copy, in which no real key stands."""
    answer = words_of(said(scenario.person(GUS), "/keys info"))
    assert "Organization *Acme*" in answer
    assert "OAuth YOUR_KEY" in answer
    assert "<@U0OLIVIA01>" in answer
    assert "/keys request" not in answer, "they may not"
    assert "/keys request" in words_of(said(scenario.mia, "/keys info"))


def test_a_guest_is_told_politely(scenario: Scenario) -> None:
    """A guest who wants to see keys is told whom to ask."""
    answer = words_of(said(scenario.person(GUS), "/keys list"))
    assert "full members" in answer
    assert "Olivia" in answer


def test_suspend_and_restore(scenario: Scenario) -> None:
    """An owner suspends in words; the holder reads the reason, harmless; restoring is one choice away."""
    key_id = add(scenario)
    answer = said(scenario.olivia, '/keys suspend "terraform prod" because it leaked <!channel>')
    assert "Suspended" in words_of(answer)
    assert stored(scenario, key_id).status == KeyStatus.SUSPENDED
    note = shows(scenario.direct_messages(scenario.mia), "suspended", "terraform prod", "it leaked")
    assert "<!channel>" not in words_of(note)
    scenario.olivia.choose("Restore", answer)
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE
    shows(scenario.direct_messages(scenario.mia), "restored", "terraform prod")


def test_a_reason_is_asked_for(scenario: Scenario) -> None:
    """Suspending and revoking without a reason changes nothing."""
    key_id = add(scenario)
    unsaid = words_of(said(scenario.mia, "/keys suspend terraform prod"))
    assert "Say why, in a few words: others will wonder.\nWrite it behind “because”." in unsaid
    assert "Say why" in words_of(said(scenario.mia, "/keys revoke terraform prod"))
    assert stored(scenario, key_id).version == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("suspend terraform prod until monday because audit", "knows no “until monday”"),
        ("revoke terraform prod for 2h because audit", "knows no “for 2h”"),
        ("revoke terraform prod until friday because audit --yes", "knows no “until friday”"),
        ("rotate terraform prod for 2h", "knows no “for 2h”"),
        ("rename terraform prod to new until monday", "knows no “until monday”"),
    ],
)
def test_what_a_change_has_no_place_for_stops_it(scenario: Scenario, line: str, told: str) -> None:
    """Who suspends a key until Monday expects that it works then, which nothing would see to."""
    key_id = add(scenario)
    answer = words_of(said(scenario.olivia, f"/keys {line}"))
    assert told in answer
    assert f"Write: /keys {line.partition(' ')[0]} KEY" in answer
    assert (stored(scenario, key_id).version, stored(scenario, key_id).name) == (1, "terraform prod")


def test_a_name_may_hold_the_words_of_a_line(scenario: Scenario) -> None:
    """Without quotation marks it is the key of that name, and not one that is called as it begins."""
    other, key_id = add(scenario, name="export"), add(scenario, name="export to s3 until moved")
    assert "“export to s3 until moved”" in said(scenario.olivia, "/keys show export to s3 until moved")["text"]
    said(scenario.olivia, "/keys suspend export to s3 until moved because audit")
    assert (stored(scenario, key_id).status, stored(scenario, other).status) == (
        KeyStatus.SUSPENDED,
        KeyStatus.ACTIVE,
    )


def test_a_key_that_is_none_yet_is_told_of(scenario: Scenario) -> None:
    """Who looks for it hears what it waits for; others hear nothing of it."""
    scenario.mia.type_command('/keys request "ci bot" on acme scope:read for 30d because we deploy')
    for player in (scenario.mia, scenario.olivia):
        assert "“ci bot” is asked for, and waits for a decision." in words_of(said(player, "/keys show ci bot"))
    assert "waits for" not in words_of(said(scenario.max, "/keys show ci bot"))
    said(scenario.olivia, "/keys approve ci bot")
    assert "waits for whoever asked for it to collect it" in words_of(said(scenario.mia, "/keys rotate ci bot"))


def test_how_a_name_begins_is_answered_with_the_name(scenario: Scenario) -> None:
    """Nothing is done to a key that may be meant, and whoever types on knows which there is."""
    add(scenario)
    assert "Did you mean “terraform prod”?" in words_of(said(scenario.olivia, "/keys show terra"))


def test_a_holder_cannot_restore_what_an_owner_suspended(scenario: Scenario) -> None:
    """The holder may undo their own suspension, not an owner's."""
    key_id = add(scenario)
    said(scenario.mia, "/keys suspend terraform prod because holidays")
    assert "Restored" in words_of(said(scenario.mia, "/keys restore terraform prod"))
    said(scenario.olivia, "/keys suspend terraform prod because audit")
    assert "an owner has to restore it" in words_of(said(scenario.mia, "/keys restore terraform prod"))
    assert stored(scenario, key_id).status == KeyStatus.SUSPENDED


def test_revoking_a_used_key_warns_first(scenario: Scenario) -> None:
    """A key that was used lately is not revoked by a word alone: when and from where is shown, with both ways on."""
    use = {"last_used_at": NOW - DAY, "last_address": "198.51.100.7", "last_user_agent": "Terraform/1.9"}
    key_id = add(scenario, use=use)
    warning = said(scenario.olivia, "/keys revoke terraform prod because cleaning up: old keys")
    assert "Something uses this key" in words_of(warning)
    assert "198.51.100.7" in words_of(warning)
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE
    scenario.olivia.press("Revoke all the same", warning)
    assert stored(scenario, key_id).revoke_reason == "cleaning up: old keys"
    shows(scenario.direct_messages(scenario.mia), "revoked", "cleaning up")


def test_suspending_instead(scenario: Scenario) -> None:
    """The warning's other button suspends, with its own reason."""
    key_id = add(scenario, use={"last_used_at": NOW})
    warning = said(scenario.olivia, "/keys revoke terraform prod because unknown")
    scenario.olivia.press("Suspend instead", warning)
    assert scenario.olivia.submit(reason="let us see who calls") == {}
    assert stored(scenario, key_id).suspend_reason == "let us see who calls"


@pytest.mark.parametrize("words", ["--yes because leaked", "confirm because leaked", "because leaked --yes"])
def test_revoking_a_used_key_with_a_word_of_confirmation(scenario: Scenario, words: str) -> None:
    """Who confirms beforehand is not asked again."""
    key_id = add(scenario, use={"last_used_at": NOW})
    assert "Revoked" in words_of(said(scenario.olivia, f"/keys revoke terraform prod {words}"))
    assert stored(scenario, key_id).revoke_reason == "leaked"


def test_rename(scenario: Scenario) -> None:
    """A holder renames their key; a name without quotation marks will do."""
    key_id = add(scenario)
    answer = said(scenario.mia, '/keys rename terraform prod to "terraform *eu*"')
    assert "Renamed" in words_of(answer)
    assert stored(scenario, key_id).name == "terraform *eu*"
    assert "What is its new name" in words_of(said(scenario.mia, f"/keys rename {key_id}"))
    mine = words_of(said(scenario.mia, "/keys mine"))
    assert "terraform ∗eu∗" in mine
    assert "`<@" not in mine and "`&lt;@" not in mine


def test_owners_extend_and_holders_ask(scenario: Scenario) -> None:
    """A holder's wish reaches the owners as a card; an owner's button grants it; the card and the holder say so."""
    key_id = add(scenario)
    answer = said(scenario.mia, "/keys extend terraform prod for 60d because the migration is late")
    assert "Owners were asked" in words_of(answer)
    assert stored(scenario, key_id).expires_at == NOW + 90 * DAY
    card = shows(scenario.owners_channel(), "asks for more time", "the migration is late")
    scenario.olivia.press("Extend…", card)
    assert scenario.olivia.submit() == {}
    assert stored(scenario, key_id).expires_at.date() == (NOW + 150 * DAY).date()
    card = shows(scenario.owners_channel(), "asks for more time")
    assert "Extended" in words_of(card)
    with pytest.raises(NotOnScreenError):
        scenario.omar.press("Extend…", card)
    shows(scenario.direct_messages(scenario.mia), "extended", "terraform prod")


def test_extending_until_a_day(scenario: Scenario) -> None:
    """An owner names a day; one beyond the policy is refused with the last possible one."""
    key_id = add(scenario)
    said(scenario.olivia, "/keys extend terraform prod until 2026-08-31")
    assert stored(scenario, key_id).expires_at.date().isoformat() in {"2026-08-31", "2026-09-01"}
    assert "365 days" in words_of(said(scenario.olivia, "/keys extend terraform prod until 2030-01-01"))
    assert "Until when" in words_of(said(scenario.olivia, "/keys extend terraform prod"))


def test_transfer(scenario: Scenario) -> None:
    """An owner transfers a key; both hear of it, and the new holder finds it among theirs."""
    key_id = add(scenario)
    said(scenario.olivia, f"/keys transfer terraform prod to <@{MAX}|max>")
    assert stored(scenario, key_id).holder_id == MAX
    shows(scenario.direct_messages(scenario.max), "made you answer for", "terraform prod")
    shows(scenario.direct_messages(scenario.mia), "answers for it now")
    assert "terraform prod" in words_of(said(scenario.max, "/keys mine"))
    assert "You answer for no key" in words_of(said(scenario.mia, "/keys show terraform prod"))


def test_a_guest_gets_no_key(scenario: Scenario) -> None:
    """A key cannot be transferred to a guest."""
    key_id = add(scenario)
    assert "may not hold keys" in words_of(said(scenario.olivia, f"/keys transfer terraform prod to <@{GUS}>"))
    assert stored(scenario, key_id).holder_id == MIA


def test_keep(scenario: Scenario) -> None:
    """A key is kept until a day, with a reason."""
    key_id = add(scenario)
    said(scenario.olivia, "/keys keep terraform prod until 2026-06-30 because disaster recovery")
    assert stored(scenario, key_id).keep_reason == "disaster recovery"


def test_show_tells_everything(scenario: Scenario) -> None:
    """`/keys show` tells state, scopes in words, uses, origin and history."""
    add(
        scenario,
        scopes=["read", "incidents:write"],
        use={"last_used_at": NOW, "last_read_at": NOW, "reads": 12, "refused": 2, "last_address": "203.0.113.9"},
    )
    said(scenario.olivia, "/keys suspend terraform prod because audit")
    said(scenario.olivia, "/keys restore terraform prod")
    shown = words_of(said(scenario.mia, "/keys show terraform prod"))
    for words in ("active", "open, update and resolve incidents", "203.0.113.9", "12 in all", "restored by", "audit"):
        assert words in shown


def test_a_pasted_secret_is_not_repeated(scenario: Scenario) -> None:
    """Who pastes a whole secret learns which key it is, and no answer or message holds it."""
    secret = Secret.generate()
    add(scenario, sha256=secret.sha256, start=secret.start)
    assert "terraform prod" in words_of(said(scenario.mia, f"/keys show {secret.reveal()}"))
    other = Secret.generate().reveal()
    assert other not in words_of(said(scenario.mia, f"/keys show {other}"))
    answers = [entry for entry in scenario.control.journal() if entry["kind"] != "delivery"]
    assert secret.reveal() not in str(answers)


@pytest.mark.parametrize(
    "secret", [Secret.generate().reveal(), "kd_9XhT2mQvL0aZ7bRc4dWe1fYg8hKj3pNs5u6VE"], ids=["genuine", "mistyped"]
)
def test_no_answer_holds_a_part_of_a_secret(scenario: Scenario, secret: str) -> None:
    """Wherever in a line a secret stands, or nearly one, no answer repeats more of it than is shown of any key,
    whatever is made of the word: in small letters, or cut off."""
    parts = [secret[at : at + 10].lower() for at in range(len(secret) - 9)]
    for line in (
        "/keys {}",
        "/keys {} revoke",
        "/keys list {}",
        "/keys view:{}",
        "/keys approve {}",
        "/roles {}",
        "/roles grant @mia {}",
        "/roles grant @mia incident_manager on {} until {}",
        "/incident {}",
        "/incident show {}",
        "/maintenance cancel {} it moves",
    ):
        answer = said(scenario.olivia, line.replace("{}", secret))
        shown = json.dumps([answer, scenario.olivia.views()]).lower()
        assert [part for part in parts if part in shown] == [], line
        assert "rotate" in words_of(answer), line
    token = "xoxb-" + "2345678901-" * 2 + "AbCdEfGhIjKlMnOpQrStUvWx"
    for line in ("/keys {}", "/roles {} on acme", "/incident {}"):
        answer = said(scenario.olivia, line.replace("{}", token))
        assert "abcdefgh" not in json.dumps(answer).lower(), line
        assert "replace it" in words_of(answer), line


def test_time_is_told(scenario: Scenario) -> None:
    """The holder hears 14 days before the end, with a button to ask for more time."""
    add(scenario)
    scenario.clock.set(NOW + 77 * DAY)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_keys)
    note = shows(scenario.direct_messages(scenario.mia), "terraform prod", "expires")
    scenario.mia.press("More time…", note)
    assert "Ask for more time" in words_of(scenario.mia.modal)
    assert scenario.mia.submit(until="2026-08-01", reason="still needed") == {}
    shows(scenario.owners_channel(), "asks for more time", "still needed")
