"""What people type on phones, on Macs and in a hurry: understood, or asked about, and never lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.secret import Secret
from sandbox.player import Player, find_label, inputs_of, words_of
from storage.models import DraftStatus, Grant, IncidentDraft, KeyRequest, KeyStatus, RequestStatus, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import INES, MIA
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import CHECKOUT, Stage, publish, set_stage
from tests.scenario.keys_stage import add, said, stored
from tests.scenario.requests_stage import LINE, everything, only


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page, and Ines who manages its incidents."""
    return set_stage(scenario)


def shown(player: Player) -> str:
    """The words of the modal on somebody's screen."""
    return words_of(player.modal)


@pytest.mark.parametrize(
    "line",
    [
        'new\n"Checkout errors" component:checkout=partial_outage We look.',
        "new\t„Checkout errors“\u00a0component:checkout=partial_outage We look.",
        "new «Checkout errors» component:checkout =partial_outage We look.",
        "new ‘Checkout errors’ component:„checkout“=partial_outage We look.",
        "new “Checkout errors\" component:'checkout'=partial We look.",
        'new"Checkout errors" c:checkout=partial We look.',
    ],
)
def test_any_keyboard_opens_an_incident(scenario: Scenario, stage: Stage, line: str) -> None:
    """Whatever marks, blanks and line ends a keyboard makes, the preview shows name, component and words."""
    scenario.ines.type_command(f"/incident {line}")
    assert "Preview" in shown(scenario.ines)
    for words in ("*Checkout errors*", "Partial outage", "We look."):
        assert words in shown(scenario.ines)


@pytest.mark.parametrize("keyboard", ["english", "german", "french", "swedish"])
def test_what_a_keyboard_curls_is_understood(scenario: Scenario, stage: Stage, keyboard: str) -> None:
    """Names in its quotation marks, an option behind its dash, and words that are shown as it wrote them."""
    ines = replace(scenario.ines, keyboard=keyboard)
    ines.type_command('/incident new "Checkout errors" --component:checkout=partial_outage It\'s slow ...')
    for words in ("*Checkout errors*", "Partial outage", "It’s slow …"):
        assert words in shown(ines)


def test_addresses_in_words_for_the_public_stay_as_they_were_typed(scenario: Scenario, stage: Stage) -> None:
    """Slack makes links of them on their way; of a call for everybody no more stays than a word, with a warning."""
    words = "See api.acme.com/x?a=1&b=2 or ops@acme.com. @here"
    scenario.ines.type_command(f'/incident new "Errors at acme.com" component:checkout=down {words}')
    draft = only(everything(scenario, IncidentDraft))
    assert draft.content["name"] == "Errors at acme.com"
    assert "Errors at acme.com" in shown(scenario.ines)
    assert draft.content["body"].startswith("See [api.acme.com/x?a=1&b=2](http://api.acme.com/x?a=1&b=2) or")
    assert draft.content["body"].endswith("ops@acme.com. here")
    assert "broadcast" in {warning["kind"] for warning in draft.warnings}


def test_words_without_quotation_marks_are_the_name(scenario: Scenario, stage: Stage) -> None:
    """The form has them where the name stands."""
    scenario.ines.type_command("/incident new search is down")
    assert "Preview:" not in shown(scenario.ines)
    assert scenario.ines.submit() == {}
    assert "*search is down*" in shown(scenario.ines)


@pytest.mark.parametrize(
    ("line", "name", "asked"),
    [
        ("on acme search is down", "search is down", ""),
        ("page:acme search is down", "search is down", ""),
        ("page:acme, search is down", "search is down", ""),
        ("search is down on acme", "search is down", ""),
        ("on call is slow", "on call is slow", ""),
        ("Search: 503s, note: we look", "Search: 503s, note: we look", ""),
        ("on acme status:degraded search is down", "status:degraded search is down", "“status:degraded”"),
        ("severity:high search is down", "severity:high search is down", "“severity:high”"),
        ("search compnent:api is down", "search compnent:api is down", "Did you mean “component:”?"),
        ("search is down --status", "search is down --status", "looks like an option"),
        ("search is down\nWe look.", "search is down", ""),
        ("search is down\non acme\nWe look.", "search is down", ""),
        ("search is down, page:acme", "search is down", ""),
        ("search is down on acme\n\n- one\n- two", "search is down", ""),
    ],
)
def test_what_such_a_name_holds(scenario: Scenario, stage: Stage, line: str, name: str, asked: str) -> None:
    """The page before it or behind it is none of it, and what looks like an option in it is pointed out."""
    scenario.ines.type_command(f"/incident new {line}")
    names = [block["element"] for block in inputs_of(scenario.ines.modal) if block["block_id"].startswith("name.")]
    assert [element["initial_value"] for element in names] == [name]
    assert (asked or "Name") in shown(scenario.ines)
    assert bool(asked) == (":warning:" in words_of(scenario.ines.modal["blocks"][0]))


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ('new "X" component:checkout=down compnent:search=down Slow.', "Did you mean “component:”?"),
        ('new "X" component:checkout=down investigatng Slow.', "Did you mean “investigating”?"),
        ('new "X" component:checkout=down It is slow page:acme', "options come before them"),
        ('new "X" component:checkout=down “Y” Slow.', "stands in quotation marks"),
        ('new "X" on acme identified checkout=down Slow.', "looks like a component's state"),
        ('new "X" component:checkout=down identified quietly slow.', "Should people read “quietly”?"),
        ('new "X" component:checkout=down message: slow.', "Should people read “message:”?"),
        ('new "X" component:checkout=down identified impact major slow.', "“impact major” looks like an option"),
        ('new "X" on acme identified component checkout down Slow.', "“component” looks like an option"),
        ('new "X" on acme component checkout down Slow.', "“component” looks like an option"),
        ('new "X" component:checkout=down major Slow.', "If “major” is how bad it is"),
        ('new "X" component:checkout=down critical: slow.', "If “critical” is how bad it is"),
        ('new "X" component:checkout is degraded Slow.', "“degraded” looks like a state"),
        ('new "X" component:checkout -> partial outage Slow.', "“partial outage” looks like a state"),
        ('new "X" component:checkout=down impact major Slow.', "“impact major” looks like an option"),
        ('new "X" component:checkout=down remind in 2h Slow.', "“remind in” looks like an option"),
        ('new "X" component:checkout=down [critical] Slow.', "If “[critical]” is how bad it is"),
        ('new "X" component:checkout=down identified/monitoring Slow.', "is more than one status"),
        ('new "X" component:checkout=down It is slow --quiet', "“--quiet” looks like an option"),
        ('new "X" component:checkout=down is monitoring now, still slow', "“monitoring” stands among the words"),
        ('new "X" component:checkout=down tomorrow 10pm for 2h It is slow', "looks like a time of planned work"),
        ('new "X" component:checkout=down next monday 9:00 It is slow', "looks like a time of planned work"),
        ('new "X" component:checkout=down It is slow notify:none', "I did not understand “notify:none”"),
    ],
)
def test_what_looks_like_an_option_is_asked_about_before_it_is_public(
    scenario: Scenario, stage: Stage, line: str, asked: str
) -> None:
    """The form opens with a sentence, and with all that was typed."""
    scenario.ines.type_command(f"/incident {line}")
    assert asked in shown(scenario.ines)
    assert "Preview:" not in shown(scenario.ines)
    assert everything(scenario, IncidentDraft) == []
    assert scenario.ines.submit() == {}
    assert "slow" in only(everything(scenario, IncidentDraft)).content["body"].lower()


def test_a_refused_line_comes_back_to_be_copied(scenario: Scenario, stage: Stage) -> None:
    """An error repeats what was typed, whole; two words are not worth it, and a secret is never repeated."""
    line = "/incident resolve all is fine now, with <https://a.example|a.example> &amp; thanks"
    answer = words_of(said(scenario.ines, line))
    assert "No incident is open." in answer
    assert "/incident resolve all is fine now, with a.example & thanks" in answer
    assert "You wrote" not in words_of(said(scenario.ines, "/incident resolve"))
    assert "You wrote: /incident resolve 決済の遅延は解消し、すべて正常に動いています。" in words_of(
        said(scenario.ines, "/incident resolve 決済の遅延は解消し、すべて正常に動いています。")
    )
    secret = Secret.generate().reveal()
    answer = words_of(said(scenario.ines, f"/incident update it is {secret} that we use"))
    assert secret not in answer
    assert "rotate it" in answer


def test_the_words_of_a_refused_form_come_back(scenario: Scenario, stage: Stage) -> None:
    """Where a form cannot be taken at all any more, the notice in its place has what was written."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command("/incident update")
    with scenario.database.write() as session:
        for grant in session.query(Grant).filter_by(subject_id=INES):
            grant.ended_at = scenario.clock.now()
    assert scenario.ines.submit(**{"name.0": "Zahlungen", "body.0": "It is <slow> & bad in all of Europe."}) == {}
    assert "You wrote: Zahlungen It is <slow> & bad in all of Europe." in shown(scenario.ines)


def test_the_draft_is_there_when_slack_does_not_open_the_form_instead(scenario: Scenario, stage: Stage) -> None:
    """*Update that one instead* throws nothing away before its form was sent."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command('/incident new "Payments fail" component:checkout=major_outage Everywhere.')
    scenario.fault(method="views.update", kind="error", error="internal_error", times=1)
    scenario.ines.press("Update that one instead", scenario.ines.modal)
    scenario.ines.close()
    draft = max(everything(scenario, IncidentDraft), key=lambda one: one.content.get("name") == "Payments fail")
    assert draft.status == DraftStatus.OPEN
    scenario.ines.press("Update that one instead", scenario.ines.modal)
    assert scenario.ines.submit() == {}
    assert "Everywhere." in shown(scenario.ines)
    drafts = {one.content.get("name"): one.status for one in everything(scenario, IncidentDraft)}
    assert drafts["Payments fail"] == DraftStatus.DISCARDED


def test_a_name_is_found_in_any_case_of_any_alphabet(scenario: Scenario) -> None:
    """Composed or not, in capitals or not, in quotation marks of any kind or none."""
    key = add(scenario, name="Überwachung Жук")
    for typed in ("überwachung жук", "ÜBERWACHUNG ЖУК", "„U\u0308berwachung Жук“", "‚überwachung жук‘"):
        assert "Überwachung Жук" in words_of(said(scenario.mia, f"/keys show {typed}"))
    said(scenario.mia, "/keys suspend überwachung ЖУК because it rests")
    assert stored(scenario, key).status == KeyStatus.SUSPENDED


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("env=prod", "env=prod"),
        ("env:prod east", "env:prod east"),
        ("api.acme.com", "<http://api.acme.com|api.acme.com>"),
        ("ops@acme.com", "<mailto:ops@acme.com|ops@acme.com>"),
    ],
)
def test_a_name_with_signs_in_it_is_found_as_slack_sends_it(scenario: Scenario, name: str, typed: str) -> None:
    """Pairs and what Slack takes for addresses are names like others."""
    add(scenario, name=name)
    assert name in words_of(said(scenario.mia, f"/keys show {typed}"))


def test_times_are_by_ones_own_clock(scenario: Scenario) -> None:
    """`until tomorrow 22:00` is read by the person's clock, and so is what a role ends with."""
    key = add(scenario, expires_at=NOW + timedelta(days=2))
    said(scenario.olivia, "/keys extend terraform prod until next friday 22:00")
    until = stored(scenario, key).expires_at
    assert (until.weekday(), until > NOW + timedelta(days=2)) == (4, True)
    answer = words_of(said(scenario.olivia, "/keys extend terraform prod until 01/12"))
    assert "Is “01/12” 12 Jan or 1 Dec?" in answer
    assert "You wrote" in answer
    assert "ten years" in words_of(said(scenario.olivia, "/keys extend terraform prod until 9999-12-31"))
    assert "until 01/12 18:00" in words_of(said(scenario.olivia, "/roles grant @mia integrator until 01/12 18:00"))


def test_requests_are_listed_and_decided_by_typing(scenario: Scenario) -> None:
    """`/keys requests`, `approve` and `deny` do what the buttons do, and members are told whom to ask."""
    said(scenario.mia, LINE)
    listed = said(scenario.olivia, "/keys requests")
    assert find_label(listed, "Approve")
    assert "left out" not in words_of(listed)
    narrowed = words_of(said(scenario.olivia, "/keys requests on acme"))
    assert "“on acme” is left out: `/keys requests` takes nothing more." in narrowed
    assert f"<@{MIA}>" in words_of(listed)
    for near in ("approve terrafrom prod", "deny terra because we have one"):
        assert "Did you mean “terraform prod”?" in words_of(said(scenario.omar, f"/keys {near}"))
    for more in ("approve terraform prod for 10d", "approve “terraform prod” because it is fine"):
        assert "“terraform prod” does, and is approved as" in words_of(said(scenario.omar, f"/keys {more}"))
    answer = words_of(said(scenario.omar, "/keys approve TERRAFORM prod"))
    assert f"The request of <@{MIA}> for terraform prod is approved" in answer
    said(scenario.mia, LINE.replace("terraform prod", "second"))
    assert "why" in words_of(said(scenario.omar, f"/keys deny <@{MIA}>")).lower()
    assert "is denied" in words_of(said(scenario.omar, f"/keys deny <@{MIA}|mia> because we have one"))
    assert "No request waits" in words_of(said(scenario.olivia, "/keys requests"))
    assert "`/keys requests` lists those" in words_of(said(scenario.olivia, "/keys approve nothing"))
    assert "Omar Ortiz" in words_of(said(scenario.mia, "/keys approve second"))


@pytest.mark.parametrize("typed", ["aprove x", "reopen x", "removal x", "revive x", "recover x"])
def test_no_suggestion_points_at_destruction(scenario: Scenario, typed: str) -> None:
    """A word that is merely like `revoke` or `remove` is not answered with it."""
    assert "/keys revoke" not in words_of(said(scenario.olivia, f"/keys {typed}"))


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("/incident rename checkout to payments", "`/incident update` opens a form"),
        ("/incident delete checkout", "`/incident resolve`"),
        ("/incident severity major", "`/incident update INCIDENT impact:major`"),
        ("/maintenance edit upgrade", "`/maintenance update` opens a form"),
        ("/maintenance remove upgrade", "`/maintenance cancel`"),
        ("/keys disable terraform prod", "`/keys suspend` KEY because …, which can be undone"),
        ("/keys enable terraform prod", "`/keys restore`"),
        ("/keys scope terraform prod read", "`/keys request`"),
        ("/keys history terraform prod", "`/keys show`"),
        ("/keys leaked terraform prod", "`/keys rotate`"),
        ("/keys reveal terraform prod", "shown once"),
    ],
)
def test_words_of_other_tools_are_told_what_to_do_instead(scenario: Scenario, typed: str, instead: str) -> None:
    """Not what is merely spelled like them."""
    answer = words_of(said(scenario.olivia, typed))
    assert instead in answer
    assert "Did you mean" not in answer


@both_databases
def test_a_name_with_something_behind_it_is_told_how_to_write_it(scenario: Scenario) -> None:
    """Neither a bare span nor a letter too many ends in “there is no key” alone."""
    add(scenario)
    answer = words_of(said(scenario.olivia, "/keys extend terraform prod 30 days"))
    assert "There is “terraform prod”" in answer
    assert "for 30d" in answer
    assert "Did you mean “terraform prod”?" in words_of(said(scenario.olivia, "/keys show teraform prod"))


@pytest.mark.parametrize(
    "command", ["/keys {}", "/keys show {}", "/keys revoke {} because old", "/roles grant @mia {}"]
)
def test_a_whole_secret_is_never_repeated(scenario: Scenario, command: str) -> None:
    """Wherever it is pasted, the answer does not show it and says to rotate it."""
    secret = Secret.generate()
    add(scenario, sha256=secret.sha256, start=secret.start)
    answer = words_of(said(scenario.olivia, command.format(secret.reveal())))
    assert secret.reveal() not in answer
    assert "rotate" in answer


@pytest.mark.parametrize(
    "command", ["/keys show", "/keys revoke", "/roles grant", "/incident update", "/maintenance cancel"]
)
def test_a_hidden_secret_is_answered_with_a_refusal_alone(scenario: Scenario, stage: Stage, command: str) -> None:
    """Over lines, in an address or in wide letters: no piece of it stands in the answer, and nothing was done."""
    whole = Secret.generate().reveal()
    for hidden in (f"{whole[:20]}\n{whole[20:]}", f"<https://a.example/?k={whole.replace('_', '%5F')}>"):
        answer = words_of(said(scenario.olivia, f"{command} it is {hidden} because it is old"))
        assert whole[10:18] not in answer
        assert whole[25:35] not in answer
        assert "rotate" in answer


@pytest.mark.parametrize(
    "typed",
    [
        "`terraform prod`",
        "*Terraform prod*",
        "terraform prod,",
        "terraform prod?",
        "\u200fterraform prod\u200f",
        "“terraform prod”.",
    ],
)
def test_a_name_is_found_with_signs_around_it(scenario: Scenario, typed: str) -> None:
    """Formatting, punctuation and signs of direction around a name are no part of it."""
    add(scenario)
    assert "*It may*" in words_of(said(scenario.mia, f"/keys show {typed}"))


@pytest.mark.parametrize(
    "ends",
    ["till friday 22:00", "--until friday 22:00", "until: friday 22:00", "—until fri 22h", "+61h", "by 61 hours"],
)
def test_the_word_before_an_end_is_written_in_many_ways(scenario: Scenario, ends: str) -> None:
    """As programs take it, with a colon, or short."""
    key = add(scenario, expires_at=NOW + timedelta(days=2))
    said(scenario.olivia, f"/keys extend terraform prod {ends}")
    assert stored(scenario, key).expires_at == NOW.replace(hour=22) + timedelta(days=4)


def test_a_reason_may_be_called_one(scenario: Scenario) -> None:
    """`reason:` says what “because” does."""
    key = add(scenario)
    said(scenario.mia, "/keys suspend terraform prod, reason: it rests")
    assert stored(scenario, key).status == KeyStatus.SUSPENDED


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("component:write page:acme for 90d", "Did you mean “components:write”?"),
        ("scope:components:write on acme until 2026-12-31", "Write for example for 90d."),
    ],
)
def test_a_request_that_is_nearly_right_is_put_right_in_its_form(scenario: Scenario, line: str, asked: str) -> None:
    """The form says what was not understood and what may have been meant."""
    scenario.mia.type_command(f'/keys request "ci deploy" {line} because deploys')
    assert asked in shown(scenario.mia)


def test_a_request_is_understood_in_the_words_of_other_commands(scenario: Scenario) -> None:
    """`on acme` and `for three months`, as roles and incidents take them."""
    said(scenario.mia, '/keys request "ci deploy" scope=components:write on acme for three months because deploys')
    request = only(everything(scenario, KeyRequest))
    assert request.lifetime_days == 90


@pytest.mark.parametrize(
    "line",
    [
        "give <@{}> as incident_manager on acme",
        "add <@{}>, the role incident_manager @ acme",
        "grant @{} incident manager on acme",
        "assign incident-manager to \u200f<@{}>\u200f on acme",
    ],
)
def test_a_role_is_given_in_many_words(scenario: Scenario, stage: Stage, line: str) -> None:
    """What people put between a person and a role says nothing; a mention that was copied is one."""
    assert f"<@{MIA}> is now *incident manager* on *Acme*" in words_of(
        said(scenario.olivia, f"/roles {line.format(MIA)}")
    )


def test_a_denied_request_is_denied(scenario: Scenario) -> None:
    """What was typed is what is stored."""
    said(scenario.mia, LINE)
    said(scenario.omar, "/keys deny „terraform prod“ because: we have one")
    request = only(everything(scenario, KeyRequest))
    assert (request.status, request.decision_reason) == (RequestStatus.DENIED, "we have one")


def test_what_stands_below_a_name_without_quotation_marks_is_said_of_it(scenario: Scenario, stage: Stage) -> None:
    """As people write on phones: the name in the first line, and what they tell readers below it."""
    scenario.ines.type_command("/incident new search is down on acme\n\nWe *look* &amp; wait.\n- one\n- two")
    shown = {block["block_id"]: block["element"].get("initial_value") for block in inputs_of(scenario.ines.modal)}
    assert shown["name.0"] == "search is down"
    assert shown["body.0"] == "We **look** & wait.\n- one\n- two"


def test_a_maintenance_is_planned_line_by_line(scenario: Scenario, stage: Stage) -> None:
    """Its name, its page, its times and what readers are told, each on a line of its own."""
    stage.grant(INES, Role.MAINTENANCE_MANAGER)
    scenario.ines.type_command(
        "/maintenance schedule DB upgrade\non acme\nfrom: tomorrow 22:00\nuntil: tomorrow 23:00\nWe upgrade"
    )
    words = words_of(scenario.ines.modal)
    assert "*DB upgrade*" in words
    assert "*For 1 hour*" in words
    assert "Scheduled We upgrade" in words
