"""Words for the public, typed in one line: none of them is lost, and none is published that was meant for Keydesk."""

from collections.abc import Iterator

import pytest

from sandbox.player import inputs_of, words_of
from storage.models import IncidentDraft, KeyRequest, Role
from tests.factories import INES, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import CHECKOUT, Stage, publish, set_stage
from tests.scenario.requests_stage import everything

DATABASE = '/maintenance schedule "Database upgrade" component:checkout in 3h for 2h'


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page, and Ines who manages its incidents and maintenances."""
    stage = set_stage(scenario)
    stage.grant(INES, Role.MAINTENANCE_MANAGER)
    return stage


def shown(scenario: Scenario, line: str) -> str:
    """What the modal says that a line opens."""
    while scenario.ines.views():
        scenario.ines.close()
    scenario.ines.type_command(line)
    return words_of(scenario.ines.modal)


@pytest.mark.parametrize("words", ["On iOS the app crashes.", "on Monday we say more", "Monitoring is fine again."])
@pytest.mark.parametrize("named", ["", '"Checkout errors" ', "checkout errors: "])
def test_the_first_words_of_an_update_are_no_page_and_no_status(
    scenario: Scenario, stage: Stage, named: str, words: str
) -> None:
    """What only begins like an option stands in the preview, whole."""
    publish(stage, CHECKOUT)
    assert words in shown(scenario, f"/incident update {named}{words}")


@pytest.mark.parametrize("words", ["Completed orders are kept.", "Completed by mistake.", "On iOS nothing changes."])
def test_the_first_words_of_a_reason_are_no_page_and_no_status(scenario: Scenario, stage: Stage, words: str) -> None:
    """Why a maintenance is called off is public as it was typed."""
    publish(stage, DATABASE)
    seen = shown(scenario, f"/maintenance cancel {words}")
    assert "Preview" in seen
    assert words in seen


@pytest.mark.parametrize(
    ("line", "asked", "words"),
    [
        ('/incident new "X" On iOS the app crashes.', "“iOS” is no page", "On iOS the app crashes."),
        ('/incident new "X" Verifying that it works', "cannot be “verifying”", "Verifying that it works"),
        ("/incident update verifying We check.", "cannot be “verifying”", "verifying We check."),
        ("/incident update to monitoring: a fix is in", "“monitoring” stands among", "to monitoring: a fix is in"),
        ("/incident resolve monitoring A fix is in.", "You typed “monitoring”", "monitoring A fix is in."),
        ("/maintenance complete At noon we go on.", "“At noon” looks like a time", "At noon we go on."),
        ("/maintenance start in 2h We begin.", "“in 2h” looks like a time", "in 2h We begin."),
        ("/maintenance cancel Tomorrow we try again.", "“Tomorrow” looks like a time", "Tomorrow we try again."),
        ("/maintenance cancel impact:major We are ill.", "This takes no impact", "We are ill."),
        ("/maintenance reschedule in 9h component:search We are ill.", "This takes no components", "We are ill."),
    ],
)
def test_what_was_not_taken_as_an_option_is_among_the_words(
    scenario: Scenario, stage: Stage, line: str, asked: str, words: str
) -> None:
    """A sentence says what was not understood, and no word is missing: nothing is dropped on the way to a form."""
    publish(stage, CHECKOUT)
    publish(stage, DATABASE)
    if "complete" in line:
        publish(stage, "/maintenance start")
    seen = shown(scenario, line)
    assert asked in seen
    assert "Preview:" not in seen
    scenario.ines.submit()
    assert any(words in str(draft.content["body"]) for draft in everything(scenario, IncidentDraft))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("/incident update identified as a bad deploy", "Identified"),
        ("/incident update checkout errors monitoring the situation", "Monitoring"),
        ('/incident new "X" c:search=down investigating why it is slow', "Investigating"),
    ],
)
def test_a_status_that_may_begin_the_sentence_stays_in_it(
    scenario: Scenario, stage: Stage, line: str, status: str
) -> None:
    """The form has it as the status and among the words, and says so; none of the words is eaten."""
    publish(stage, CHECKOUT)
    seen = shown(scenario, line)
    assert "may be the status" in seen
    assert scenario.ines.submit() == {}
    preview = words_of(scenario.ines.modal)
    assert status in preview
    assert line.partition(status.lower())[2] in preview
    assert f"{status.lower()}{line.partition(status.lower())[2]}" in preview


def test_a_name_that_is_nearly_right_is_pointed_out(scenario: Scenario, stage: Stage) -> None:
    """In quotation marks it is named in the refusal; without them the form asks, rather than publish it as words."""
    publish(stage, CHECKOUT)
    answer = scenario.ines.type_command('/incident update "Checkout errrors" It is better')
    assert "Did you mean “Checkout errors”?" in words_of(answer)
    assert "Preview" in shown(scenario, "/incident update Checkout error rates fall")
    seen = shown(scenario, "/incident update checkout erors It is better")
    assert "If “checkout erors” is “Checkout errors”" in seen
    assert scenario.ines.modal["title"]["text"] == "Update"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Checkuot errors all fine now", "If “Checkuot errors” names the incident"),
        ("Checkout errors all fine now", "If “Checkout errors” names the incident"),
        ("all", "Should people read “all”?"),
        ("all fine now", ""),
    ],
)
def test_what_chose_an_incident_is_not_published(scenario: Scenario, stage: Stage, words: str, asked: str) -> None:
    """Of several that are open, or called the same, one is chosen by a button: what may have named it is asked of."""
    publish(stage, CHECKOUT)
    publish(stage, '/incident new "Checkout errors" component:website=degraded We look.')
    choice = scenario.ines.type_command(f"/incident resolve {words}")
    assert choice is not None
    assert choice["text"] == "Which one do you want to resolve: Checkout errors, Checkout errors"
    scenario.ines.press("Resolve", choice)
    seen = words_of(scenario.ines.modal)
    assert ("Preview" in seen) == (not asked)
    assert asked in seen


def test_a_second_incident_that_is_named_is_not_published(scenario: Scenario, stage: Stage) -> None:
    """An update is about one, and the form asks instead of telling readers of the other as if it were words."""
    publish(stage, CHECKOUT)
    publish(stage, '/incident new "Slow website" component:website=degraded We look.')
    for line in (
        "checkout errors and slow website both are better",
        "checkout errors, slow website: better",
        "checkout errors; slow website",
    ):
        seen = shown(scenario, f"/incident update {line}")
        assert "“Slow website” is named too, and this is about “Checkout errors” alone." in seen
    assert "Preview" in shown(scenario, "/incident update checkout errors and timeouts are gone")


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("fixed", "/incident resolve"),
        ("monitoring", "/incident update"),
        ("ack", "/incident update"),
        ("remind", "remind:2h"),
        ("component", "component:NAME"),
        ("publish", "/incident drafts"),
        ("discard", "/incident drafts"),
    ],
)
def test_a_status_in_the_place_of_the_verb_is_told_where_it_belongs(
    scenario: Scenario, stage: Stage, verb: str, told: str
) -> None:
    """And what was typed comes back."""
    answer = words_of(scenario.ines.type_command(f"/incident {verb} checkout errors we look"))
    assert told in answer
    assert f"/incident {verb} checkout errors we look" in answer


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("because of rain", "cancelled. Because of rain"),
        ("because the vendor moved it", "cancelled. The vendor moved it"),
        ("because: iOS goes first", "cancelled. iOS goes first"),
    ],
)
def test_why_one_is_called_off_is_a_sentence(scenario: Scenario, stage: Stage, reason: str, words: str) -> None:
    """Behind the one that says that it is, without the word that led to it, where it is one without."""
    publish(stage, DATABASE)
    assert words in shown(scenario, f"/maintenance cancel {reason}")


@pytest.mark.parametrize(
    ("behind", "asked"),
    [
        ("and friday 22:00 for 2h", "“friday 22:00” looks like a second time"),
        (", friday 22:00 for 2h", "“friday 22:00” stands among the words for the public"),
        ("and 23:00-23:30 We upgrade.", "“23:00-23:30” looks like a second time"),
        ("and then We upgrade.", ""),
        ("and friday is free again", ""),
    ],
)
def test_a_second_time_is_not_published_as_words(scenario: Scenario, stage: Stage, behind: str, asked: str) -> None:
    """A maintenance has one window: another is asked about."""
    seen = shown(scenario, f'/maintenance schedule "Upgrade" component:checkout tomorrow 22:00 for 2h {behind}')
    assert ("Preview" in seen) == (not asked)
    assert asked in seen


def test_a_list_that_begins_beside_the_options_keeps_its_first_dash(scenario: Scenario, stage: Stage) -> None:
    """Its first item is one, too; a dash alone stands between a name and what is said."""
    assert "• one" in shown(scenario, '/incident new "X" c:search=down - one\n- two')
    assert "• one" not in shown(scenario, '/incident new "Y" c:checkout=down - one\ntwo')


@pytest.mark.parametrize("line", ["new:", "New", "declare", "report"])
def test_a_new_one_is_declared_in_other_words_too(scenario: Scenario, stage: Stage, line: str) -> None:
    """A colon behind the verb, capitals and the words of other tools are understood."""
    assert "*Search*" in shown(scenario, f'/incident {line} "Search" c:search=down We look')


def test_who_resolves_may_begin_with_resolved(scenario: Scenario, stage: Stage) -> None:
    """The verb has said the status: nothing is in doubt, and the sentence is whole."""
    publish(stage, CHECKOUT)
    assert "resolved by a rollback" in shown(scenario, "/incident resolve resolved by a rollback")
    assert "Preview" in words_of(scenario.ines.modal)


@pytest.mark.parametrize("named", ["checkout errors", '"Checkout errors"', "CHECKOUT ERRORS:"])
def test_what_is_over_is_opened_again_by_its_bare_name(scenario: Scenario, stage: Stage, named: str) -> None:
    """`reopen` takes a name without quotation marks, as the other verbs do; by how it begins where that is all."""
    publish(stage, CHECKOUT)
    publish(stage, "/incident resolve Fixed.")
    seen = shown(scenario, f"/incident reopen {named} it is back")
    assert "This opens it again" in seen
    assert "it is back" in seen
    shown(scenario, "/incident reopen checkout")
    assert scenario.ines.modal["title"]["text"] == "Update"
    answer = scenario.ines.type_command("/incident reopen nothing of the kind")
    assert "There is no incident “nothing of the kind”." in words_of(answer)


def test_what_is_moved_to_a_time_begins_then(scenario: Scenario, stage: Stage) -> None:
    """`reschedule … to tomorrow 20:00` names the new start, and the length stays; “until” names the end."""
    publish(stage, DATABASE)
    assert "*For 2 hours*" in shown(
        scenario, "/maintenance reschedule database upgrade: to tomorrow 20:00 We are ill."
    )
    assert "We are ill." in words_of(scenario.ines.modal)
    assert "*For 2 hours*" not in shown(scenario, "/maintenance reschedule database upgrade until tomorrow 20:00")


def test_words_beside_a_template_stand_below_its_own(scenario: Scenario, stage: Stage) -> None:
    """The form asks to look at both; a name that was typed goes before the template's."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command('/incident template save "Checkout errors" as "slow"')
    seen = shown(
        scenario,
        '/incident new "Errors in Asia" template:slow c:checkout=down Only <https://a.example|a.example> is bad.',
    )
    assert "yours stand below them" in seen
    assert scenario.ines.submit() == {}
    scenario.ines.press("It is something else: open a new one", scenario.ines.modal)
    preview = words_of(scenario.ines.modal)
    assert "Errors in Asia" in preview
    assert preview.index("We look.") < preview.index("is bad.")


@pytest.mark.parametrize(
    "line",
    [
        '/incident new "Runners wait" on Acme Internal We look.',
        '/incident new "Runners wait" on acme  internal investigating We look.',
        '/incident new on ACME INTERNAL "Runners wait" We look.',
        '/maintenance schedule "Runners wait" on Acme Internal from tomorrow 22:00 for 1h We look.',
        '/incident backfill "Runners wait" on Acme Internal at yesterday 14:00 We look.',
        '/incident new "Runners wait" page:Acme Internal We look.',
        '/incident new "Runners wait" page: acme internal investigating We look.',
        '/incident new "Runners wait" on Acme Internal: We look.',
        '/incident new "Runners wait" on acme internal, We look.',
        '/maintenance schedule "Runners wait" page:Acme Internal from tomorrow 22:00 for 1h We look.',
    ],
)
def test_a_page_of_several_words_needs_no_quotation_marks(scenario: Scenario, stage: Stage, line: str) -> None:
    """Though its first word is another page, whose readers would read the second one among the words for them."""
    with scenario.database.write() as session:
        other = add_page(session, scenario.desk.clock.now(), name="Acme Internal", subdomain="acme-internal").id
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            add_grant(session, INES, role, scenario.desk.clock.now())
    assert "We look." in shown(scenario, line)
    with scenario.database.read() as session:
        (draft,) = session.query(IncidentDraft).all()
        assert draft.page_id == other
        assert "nternal" not in str(draft.content)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ('new "Runners wait" page:Acme Internal, acme We look.', "Is “acme” another page?"),
        ('new "Runners wait" page:Acme Internal, Intrenal We look.', "Is “Intrenal” another page?"),
        ('new "Runners wait" on acme internal, int. We look.', "Is “int” another page?"),
        ('new "Runners wait" page:acme, acme-internal: We look.', "Is “acme-internal” another page?"),
        ('backfill "Runners wait" page:acme, acme at yesterday 14:00 We look.', "Is “acme” another page?"),
        ('new "Runners wait" page:Acme Internal, We look.', ""),
        ('new "Runners wait" on acme, we look.', ""),
    ],
)
def test_a_second_page_is_not_published_as_words(scenario: Scenario, stage: Stage, line: str, asked: str) -> None:
    """What stands behind a page and a comma, and may be the name of another or a part of it, is asked about."""
    with scenario.database.write() as session:
        add_page(session, scenario.desk.clock.now(), name="Acme Internal", subdomain="acme-internal")
        add_grant(session, INES, Role.INCIDENT_MANAGER, scenario.desk.clock.now())
    seen = shown(scenario, f"/incident {line}")
    assert ("Preview" in seen) == (not asked)
    assert asked in seen
    assert "we look" in str([seen, inputs_of(scenario.ines.modal)]).lower()


def test_keys_and_roles_are_asked_for_on_a_page_of_several_words(scenario: Scenario) -> None:
    """Behind `on` and behind `page:`, whatever follows; a reason keeps its words."""
    with scenario.database.write() as session:
        other = add_page(session, scenario.desk.clock.now(), name="Acme Internal", subdomain="acme-internal").id
    for line in (
        "/keys request report page:Acme Internal scope:read because it runs on Acme Internal",
        '/keys request "report" on acme internal scope:read because it runs on Acme Internal',
    ):
        assert "Owners were asked for *report*" in words_of(scenario.mia.type_command(line))
    with scenario.database.read() as session:
        for request in session.query(KeyRequest).all():
            assert (request.pages, request.purpose) == ([other], "it runs on Acme Internal")
    said = words_of(scenario.olivia.type_command("/roles grant @mia incident_manager on Acme Internal for 2h"))
    assert "*incident manager* on *Acme Internal* until" in said
    assert '`page:"Acme Internal"`' in words_of(scenario.olivia.type_command("/keys list page:Acme Internal"))
    assert '`on "acme internal" unused`' in words_of(
        scenario.olivia.type_command("/keys list on acme internal unused")
    )
    assert "No maintenance" in words_of(scenario.olivia.type_command("/maintenance list on Acme Internal"))
    assert "acme-internal" in words_of(scenario.olivia.type_command("/page show page:Acme Internal"))


@pytest.mark.parametrize("command", ["/keys", "/roles", "/incident", "/maintenance", "/page"])
def test_a_line_without_a_verb_comes_back(scenario: Scenario, stage: Stage, command: str) -> None:
    """What begins with a quotation mark says no verb: it is asked for, with the words to copy."""
    said = words_of(scenario.ines.type_command(f'{command} "Search is slow" We look into it.'))
    assert "Say first what to do" in said
    assert '"Search is slow" We look into it.' in said
