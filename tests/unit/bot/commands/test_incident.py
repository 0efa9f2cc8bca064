"""`keydesk incident`, `drafts` and what they have in common: nothing is public by accident, and nothing is lost."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from bot.commands import terminal
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import NewIncident
from desk.transaction import Actor, Desk
from storage.models import (
    AuditEvent,
    Component,
    ComponentStatus,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentUpdate,
    Page,
    SecondPerson,
    SlackMessage,
)
from tests.factories import OLIVIA, add_component
from tests.unit.bot.commands.conftest import Run

T = TypeVar("T")
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = ("incident", "new", "Checkout errors", "-c", "checkout=partial_outage", "--body", "We look.")


@pytest.fixture
def page(seeded: Desk, now: datetime) -> Desk:
    """A page with a channel and the component Checkout."""
    with seeded.database.write() as session:
        page = session.scalars(select(Page)).one()
        page.announcement_channel = "C0STATUS01"
        add_component(session, page, now, name="Checkout")
    return seeded


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at a terminal, and answers what is handed in as input."""
    monkeypatch.setattr(terminal, "has_terminal", lambda: True)
    monkeypatch.setattr("bot.commands.drafts.publishing.has_terminal", lambda: True)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


def everything(desk: Desk, model: type[T]) -> list[T]:
    """Every row of a table."""
    with desk.database.read() as session:
        return list(session.scalars(select(model)))


def set_page(desk: Desk, **values: Any) -> None:
    """Set fields of the page."""
    with desk.database.write() as session:
        page = session.scalars(select(Page)).one()
        for name, value in values.items():
            setattr(page, name, value)


def the_only(desk: Desk, model: type[T]) -> T:
    """The only row of a table."""
    [row] = everything(desk, model)
    return row


def test_published_at_once(keydesk_on: Run, page: Desk) -> None:
    """With `--yes`: the incident, its component, its announcement for Slack, and the operator as who did it."""
    done = keydesk_on(*NEW, "--yes")
    incident = the_only(page, Incident)
    assert (done.exit_code, done.stdout) == (
        0,
        f"“Checkout errors” is public: {incident.shortlink} (id {incident.id})\n",
    )
    assert (incident.status, incident.impact) == (IncidentStatus.INVESTIGATING, "major")
    assert the_only(page, Component).status == ComponentStatus.PARTIAL_OUTAGE
    assert {message.kind for message in everything(page, SlackMessage)} == {"incident.head", "incident.said"}
    actors = {event.actor for event in everything(page, AuditEvent) if event.action.startswith(("incident", "draft"))}
    assert len(actors) == 1
    assert actors.pop().startswith("operator:")


def test_without_a_terminal_nothing_is_done(keydesk_on: Run, page: Desk) -> None:
    """The preview is shown, and why nothing happened; no draft is left behind."""
    refused = keydesk_on(*NEW)
    assert (refused.exit_code, refused.stdout) == (1, "")
    for said in (
        "What readers of Acme will see:",
        "investigating, impact: major",
        "  We look.",
        "Checkout: 🟢 Operational → 🟠 Partial outage",
        "Slack: it is posted into C0STATUS01.",
        "Nothing was published: there is no terminal to ask at.",
    ):
        assert said in refused.stderr
    assert everything(page, IncidentDraft) == []
    assert everything(page, Incident) == []


def test_asked_at_a_terminal(keydesk_on: Run, page: Desk, at_terminal: None) -> None:
    """Yes publishes what was shown. No leaves it as a draft, which can be published or thrown away."""
    kept = keydesk_on(*NEW, input="n\n")
    assert kept.exit_code == 1
    draft = the_only(page, IncidentDraft)
    assert f"It is kept as the draft {draft.id}." in kept.stdout
    assert everything(page, Incident) == []
    assert keydesk_on("drafts", "discard", draft.id).exit_code == 0
    assert keydesk_on(*NEW, input="y\n").exit_code == 0
    assert the_only(page, Incident).name == "Checkout errors"


def test_left_at_the_question(keydesk_on: Run, page: Desk, at_terminal: None) -> None:
    """Ctrl+C, or the end of a line that broke: what was written is a draft, which is named."""
    left = keydesk_on(*NEW, input="")
    assert f"It is kept as the draft {the_only(page, IncidentDraft).id}." in left.stdout
    assert everything(page, Incident) == []


def test_an_editor_that_fails(
    keydesk_on: Run, page: Desk, at_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is done, and nobody reads a traceback."""
    for editor, said in (("false", "The editor ended with 1"), ("/no/such/editor", "did not work")):
        monkeypatch.setenv("EDITOR", editor)
        refused = keydesk_on("incident", "new", "Slow")
        assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr
    assert everything(page, IncidentDraft) == []


def test_a_terminal_obeys_nothing_that_is_shown(keydesk_on: Run, page: Desk) -> None:
    """Signs that move the cursor or turn the order of words are left out of what somebody is to read."""
    keydesk_on("incident", "new", "Slow", "--body", "We \x1b[2Jlook\u202e.", "--draft")
    shown = keydesk_on("drafts", "show", the_only(page, IncidentDraft).id).stdout
    assert "  We [2Jlook.\n" in shown


def test_kept_as_a_draft(keydesk_on: Run, page: Desk) -> None:
    """`--draft` publishes nothing; it is listed, shown, changed, kept for longer and published later."""
    assert "It is not public." in keydesk_on(*NEW, "--draft").stdout
    draft_id = the_only(page, IncidentDraft).id
    [listed] = json.loads(keydesk_on("drafts", "list", "--json").stdout)
    assert (listed["id"], listed["about"], listed["author"]) == (draft_id, "Checkout errors", "you")
    assert keydesk_on("drafts", "edit", draft_id, "--body", "Since nine.", "--name", "Checkout slow").exit_code == 0
    assert keydesk_on("drafts", "keep", draft_id).stdout.startswith(f"The draft {draft_id} is kept until ")
    shown = keydesk_on("drafts", "show", draft_id).stdout
    assert "Checkout slow" in shown
    assert "  Since nine." in shown
    assert json.loads(keydesk_on("drafts", "show", draft_id, "--json").stdout)["content"]["body"] == "Since nine."
    blind = keydesk_on("drafts", "publish", draft_id)
    assert (blind.exit_code, everything(page, Incident)) == (1, [])
    assert keydesk_on("drafts", "publish", draft_id, "--yes").exit_code == 0
    assert the_only(page, IncidentUpdate).body == "Since nine."


def test_discarding_all(keydesk_on: Run, page: Desk) -> None:
    """All that the operator has in hand; one or all must be said."""
    keydesk_on(*NEW, "--draft")
    keydesk_on(*NEW, "--draft")
    assert keydesk_on("drafts", "discard").exit_code == 1
    assert keydesk_on("drafts", "discard", "--all").stdout == "2 thrown away.\n"
    assert keydesk_on("drafts", "list").stdout == "No draft.\n"


def test_a_second_person_is_wanted(keydesk_on: Run, page: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's rule holds: the draft waits, its author cannot publish it, and somebody with another login can."""
    set_page(page, second_person=SecondPerson.ALWAYS)
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "ann")
    asked = keydesk_on(*NEW, "--yes")
    assert "It waits for somebody else to publish it: Olivia, Omar, or another operator." in asked.stdout
    draft_id = the_only(page, IncidentDraft).id
    refused = keydesk_on("drafts", "publish", draft_id, "--yes")
    assert (refused.exit_code, "Somebody else must publish this" in refused.stderr) == (1, True)
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "bob")
    assert keydesk_on("drafts", "send-back", draft_id, "--reason", "Since when?").exit_code == 0
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "ann")
    assert keydesk_on("drafts", "edit", draft_id, "--body", "Since nine.").exit_code == 0
    assert keydesk_on("drafts", "publish", draft_id, "--yes").exit_code == 0
    assert keydesk_on("drafts", "take-back", draft_id).exit_code == 0
    assert keydesk_on("drafts", "publish", draft_id, "--yes").exit_code == 0
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "bob")
    assert keydesk_on("drafts", "publish", draft_id, "--yes").exit_code == 0
    assert the_only(page, IncidentDraft).status == DraftStatus.PUBLISHED


def test_public_words_are_not_corrected_alone(keydesk_on: Run, page: Desk) -> None:
    """Where a second person must publish everything, a published text is not changed by one."""
    keydesk_on(*NEW, "--yes")
    said = the_only(page, IncidentUpdate).id
    set_page(page, second_person=SecondPerson.ALWAYS)
    refused = keydesk_on("incident", "edit", said, "--body", "Other words.", "--yes")
    assert (refused.exit_code, "keydesk incident update" in refused.stderr) == (1, True)
    set_page(page, second_person=SecondPerson.FIRST_POST)
    assert keydesk_on("incident", "edit", said, "--body", "Other words.").exit_code == 1
    assert the_only(page, IncidentUpdate).body == "We look."
    assert keydesk_on("incident", "edit", said, "--body", "Other words.", "--yes").exit_code == 0
    assert the_only(page, IncidentUpdate).body == "Other words."


def test_what_is_open_already(keydesk_on: Run, page: Desk, at_terminal: None) -> None:
    """A double is refused, unless it is said to be something else: by an option, or when asked."""
    keydesk_on(*NEW, "--yes")
    again = ("incident", "new", "Slow", "-c", "checkout=degraded", "--body", "Hm.")
    refused = keydesk_on(*again, "--yes")
    assert (refused.exit_code, "--another" in refused.stderr) == (1, True)
    assert keydesk_on(*again, input="n\n").exit_code == 1
    assert len(everything(page, Incident)) == 1
    assert keydesk_on(*again, input="y\ny\n").exit_code == 0
    assert keydesk_on("incident", "new", "Slower", "-c", "checkout=down", "--yes", "--another").exit_code == 0
    assert len(everything(page, Incident)) == 3


def test_updated_resolved_and_reopened(keydesk_on: Run, page: Desk) -> None:
    """The only one that is open needs no name; an end brings its components back, with the usual words."""
    keydesk_on(*NEW, "--yes")
    assert "Say something new" in keydesk_on("incident", "update", "--yes").stderr
    assert keydesk_on("incident", "update", "--status", "monitoring", "--impact", "minor", "--yes").exit_code == 0
    assert (the_only(page, Incident).status, the_only(page, Incident).impact_override) == ("monitoring", "minor")
    assert keydesk_on("incident", "nothing-new", "--yes", "--quietly").exit_code == 0
    assert keydesk_on("incident", "resolve", "checkout", "--yes").exit_code == 0
    assert the_only(page, Component).status == ComponentStatus.OPERATIONAL
    bodies = [said.body for said in everything(page, IncidentUpdate)]
    assert "This incident has been resolved." in bodies
    assert "No incident is open." in keydesk_on("incident", "update", "--body", "x", "--yes").stderr
    assert keydesk_on("incident", "reopen", "Checkout errors", "--body", "It is back.", "--yes").exit_code == 0
    assert the_only(page, Incident).status == IncidentStatus.INVESTIGATING
    assert the_only(page, Component).status == ComponentStatus.PARTIAL_OUTAGE


def test_several_are_open(keydesk_on: Run, page: Desk) -> None:
    """Then one has to be named, and the refusal names them."""
    for name in ("Search slow", "Mail late"):
        keydesk_on("incident", "new", name, "--yes")
    refused = keydesk_on("incident", "resolve", "--yes")
    assert (refused.exit_code, "“Search slow”" in refused.stderr, "“Mail late”" in refused.stderr) == (1, True, True)
    assert keydesk_on("incident", "resolve", "mail late", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("-c", "checkout=broken"), "“broken” is no state of a component."),
        (("-c", "check-in=down"), "“check-in” is no component of this page."),
        (("--status", "fixed"), "“fixed” is no status."),
        (("--status", "completed"), "An incident cannot be “completed”."),
        (("--impact", "huge"), "“huge” is no impact."),
        (("--page", "globex"), "“globex” is no page."),
        (("--template", "outage"), "There is no template “outage”."),
        (("--set", "region"), "“region” does not say for what it stands."),
        (("--remind", "often"), "“often” is no list of reminder hours."),
    ],
)
def test_what_is_not_understood(keydesk_on: Run, page: Desk, typed: tuple[str, ...], said: str) -> None:
    """It is refused in the words of Slack, with status 1, and nothing is done."""
    refused = keydesk_on("incident", "new", "Slow", *typed, "--yes")
    assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr
    assert everything(page, IncidentDraft) == []


def test_wrong_usage_is_another_status(keydesk_on: Run, page: Desk) -> None:
    """What is no option of the command ends with 2."""
    assert keydesk_on("incident", "new", "Slow", "--severity", "1").exit_code == 2


def test_the_text_comes_from_a_file_or_from_standard_input(keydesk_on: Run, page: Desk, tmp_path: Path) -> None:
    """Or from neither, with the words that go with the status; never from two at once."""
    words = tmp_path / "words.md"
    words.write_text("From **a file**.\n")
    keydesk_on("incident", "new", "One", "--body-file", str(words), "--yes")
    keydesk_on("incident", "new", "Two", "--body", "-", "--yes", input="From a pipe.\n")
    assert "Give one of them." in keydesk_on("incident", "new", "X", "--body", "a", "--body-file", str(words)).stderr
    assert "cannot be read" in keydesk_on("incident", "new", "X", "--body-file", str(tmp_path / "no")).stderr
    assert {said.body for said in everything(page, IncidentUpdate)} == {"From **a file**.", "From a pipe."}


def test_an_editor_is_opened(
    keydesk_on: Run, page: Desk, at_terminal: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is a terminal and no text: what stands above its last line is published."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "From an editor.\\n" | cat - "$1" > "$1.new" && mv "$1.new" "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(editor))
    assert keydesk_on("incident", "new", "Slow", input="y\n").exit_code == 0
    assert the_only(page, IncidentUpdate).body == "From an editor."


def test_what_was_refused_is_kept(
    keydesk_on: Run, page: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file of the operator's alone, which is named, with no secret in it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    long = "A long story.\n" * 40
    refused = keydesk_on("incident", "new", "Slow", "-c", "nothing", "--body", "-", "--yes", input=long)
    kept = re.search(r"What you wrote is in (\S+):", refused.stderr)
    assert kept is not None
    path = Path(kept[1])
    assert (path.read_text(), path.stat().st_mode & 0o777) == (long, 0o600)
    secret = f"Use xoxb-{'1' * 12}-{'a' * 24} for it."
    refused = keydesk_on("incident", "new", "Slow", "--body", secret, "--yes")
    assert refused.exit_code == 1
    kept = re.search(r"What you wrote is in (\S+):", refused.stderr)
    assert kept is not None
    assert "xoxb-1" not in Path(kept[1]).read_text() + refused.stderr


def test_it_warns_of_what_should_not_be_public(keydesk_on: Run, page: Desk) -> None:
    """Addresses inside and colleagues by handle, in the preview and in the draft that Slack shows."""
    text = "Ask @mia or see https://wiki.internal/x"
    shown = keydesk_on("incident", "new", "Slow", "--body", text, "--draft")
    assert shown.exit_code == 0
    assert {warning["kind"] for warning in the_only(page, IncidentDraft).warnings} == {"person", "internal_link"}
    assert "The public cannot open this address" in keydesk_on("incident", "new", "S", "--body", text).stderr


def test_lists_and_one(keydesk_on: Run, page: Desk) -> None:
    """For people a table, for programs JSON; the past with `--view all`."""
    assert keydesk_on("incident", "list").stdout == "Nothing.\n"
    keydesk_on(*NEW, "--yes")
    incident = the_only(page, Incident)
    lines = keydesk_on("incident", "list").stdout.splitlines()
    assert lines[0].split()[:5] == ["ID", "NAME", "PAGE", "STATUS", "IMPACT"]
    assert lines[1].startswith(f"{incident.id}  Checkout errors  Acme  investigating  major")
    shown = keydesk_on("incident", "show", incident.id).stdout
    assert "components  Checkout: partial_outage\n" in shown
    assert "slack       2 waiting\n" in shown
    assert "  We look.\n" in shown
    plain = json.loads(keydesk_on("incident", "show", "checkout", "--json").stdout)
    assert (plain["id"], plain["updates"][0]["body"]) == (incident.id, "We look.")
    assert datetime.fromisoformat(plain["started_at"]) == incident.started_at
    keydesk_on("incident", "resolve", "--yes")
    assert json.loads(keydesk_on("incident", "list", "--json").stdout) == []
    [over] = json.loads(keydesk_on("incident", "list", "--view", "all", "--text", "check", "--json").stdout)
    assert over["status"] == "resolved"


def test_the_past(keydesk_on: Run, page: Desk) -> None:
    """An incident of the past is shown as resolved; its postmortem is written, published and taken back."""
    refused = keydesk_on("incident", "backfill", "Old", "--at", "tomorrow 10:00", "--yes")
    assert (refused.exit_code, "lies in the past" in refused.stderr) == (1, True)
    when = ("--at", "yesterday 10:00", "--impact", "minor", "--body", "It was short.")
    assert keydesk_on("incident", "backfill", "Old", *when, "--yes").exit_code == 0
    incident = the_only(page, Incident)
    assert (incident.status, incident.backfilled, incident.started_at.hour) == ("resolved", True, 10)
    assert keydesk_on("incident", "postmortem", "old", "--body", "", "--yes").exit_code == 1
    assert keydesk_on("incident", "postmortem", "old", "--body", "# Why", "--yes").exit_code == 0
    assert the_only(page, Incident).postmortem_body == "# Why"
    assert keydesk_on("incident", "postmortem", "old", "--take-back").exit_code == 1
    assert keydesk_on("incident", "postmortem", "old", "--take-back", "--yes").exit_code == 0
    assert the_only(page, Incident).postmortem_body is None


def test_snoozed_and_deleted(keydesk_on: Run, page: Desk, at_terminal: None) -> None:
    """A reminder is put off; deleting asks first."""
    keydesk_on(*NEW, "--yes")
    assert "Nobody is reminded of “Checkout errors” before" in keydesk_on("incident", "snooze", "2h").stdout
    assert keydesk_on("incident", "snooze", "3d").exit_code == 1
    assert keydesk_on("incident", "delete", "checkout", input="n\n").exit_code == 1
    assert keydesk_on("incident", "delete", "checkout", input="y\n").exit_code == 0
    assert everything(page, Incident) == []


def test_a_draft_of_somebody_in_slack(keydesk_on: Run, page: Desk) -> None:
    """An operator is a second person for people, too."""
    set_page(page, second_person=SecondPerson.ALWAYS)
    new, mine = NewIncident(name="Slow", body="We look."), Actor.member(OLIVIA)
    page_id = the_only(page, Page).id
    draft = page.write_now(mine, lambda tx: write_draft(tx, page_id=page_id, kind=DraftKind.INCIDENT, content=new))
    page.write_now(mine, lambda tx: publish_draft(tx, draft.id))
    [listed] = json.loads(keydesk_on("drafts", "list", "--json").stdout)
    assert (listed["author"], listed["status"]) == ("Olivia", "waiting")
    assert keydesk_on("drafts", "publish", draft.id, "--yes").exit_code == 0
    assert the_only(page, Incident).name == "Slow"
