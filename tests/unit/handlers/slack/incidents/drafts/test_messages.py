"""What a second person and an author read of a draft, from handing it in to its end."""

from functools import partial

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.review import MINE_CARD, REVIEW_CARD
from desk.pages.status import Impact
from desk.secret import Secret
from desk.transaction import Desk
from handlers.slack.framework.blocks import MAX_MESSAGE_BLOCKS, MAX_MESSAGE_TEXT, text_length
from handlers.slack.incidents.drafts.views import send_back_view
from sandbox.player import words_of
from storage.models import ComponentStatus, DraftKind, IncidentDraft, IncidentStatus, Role, SecondPerson
from tests.clock import MONDAY_MORNING, HeldClock
from tests.factories import INES, MAX, MIA, OLIVIA, add_grant, add_member
from tests.unit.handlers.slack.incidents.card_stage import HOSTILE, CardStage, problems, set_card_stage


@pytest.fixture
def stage(desk: Desk) -> CardStage:
    """A page on which somebody else must publish."""
    stage = set_card_stage(desk)
    stage.rule(SecondPerson.ALWAYS)
    return stage


def _handed_in(stage: CardStage, draft: IncidentDraft) -> IncidentDraft:
    stage.do(INES, partial(publish_draft, draft_id=draft.id))
    return draft


def test_a_draft_that_waits_shows_what_subscribers_will_read(stage: CardStage) -> None:
    """The card has the words, the states that components take on, its author, and the ways to decide."""
    draft = _handed_in(
        stage, stage.draft(components=stage.states(api=ComponentStatus.MAJOR_OUTAGE), body="We are **sorry**.")
    )
    words = stage.says(REVIEW_CARD, draft.id)
    assert words.startswith(f"<@{INES}> asks you to publish a new incident “Checkout errors”")
    assert f":raised_hand: <@{INES}> asks you to publish a new incident, *Checkout errors*." in words
    assert "We are *sorry*." in words
    assert "Europe - API: :large_green_circle: Operational → :red_circle: Major outage" in words
    assert f"Written by <@{INES}> <!date^" in words
    assert ":warning:" not in words
    # Nobody could be notified of it, so there is one way to publish; with a channel there are two.
    assert stage.labels(REVIEW_CARD, draft.id) == ["Publish", "Send back", "Open"]
    stage.rule(SecondPerson.ALWAYS, announcement_channel="C0STATUS01")
    assert stage.labels(REVIEW_CARD, draft.id) == ["Publish", "Publish quietly", "Send back", "Open"]


def test_warnings_are_on_the_card_and_asked_about(stage: CardStage) -> None:
    """A word that the public should perhaps not see is warned of, and publishing asks once more."""
    stage.rule(SecondPerson.ALWAYS, announcement_channel="C0STATUS01")
    plain = _handed_in(stage, stage.draft())
    odd = _handed_in(stage, stage.draft(body="Ask {{who}}."))
    assert "Not filled in: {{who}}" in stage.says(REVIEW_CARD, odd.id)
    asks = {
        draft.id: [
            "confirm" in element
            for block in getattr(stage.drawn(REVIEW_CARD, draft.id), "blocks", [])
            for element in block.get("elements", [])
            if element.get("action_id", "").startswith("draft.publish")
        ]
        for draft in (plain, odd)
    }
    assert asks == {plain.id: [False, False], odd.id: [True, True]}


def test_what_does_not_fit_together_is_on_the_card(stage: CardStage) -> None:
    """Whoever is asked to publish is warned as its author is, without the button that only the author has."""
    draft = _handed_in(stage, stage.draft(impact_override=Impact.CRITICAL))
    words = stage.says(REVIEW_CARD, draft.id)
    assert "*No component is affected.*" in words
    assert "*Impact and components disagree.*" in words
    assert "Choose components" not in stage.labels(REVIEW_CARD, draft.id)


def test_an_incident_that_moved_on_is_told(stage: CardStage, clock: HeldClock) -> None:
    """When the incident was changed after the draft, both cards say so and since when."""
    incident = stage.open()
    draft = _handed_in(stage, stage.draft(incident))
    assert "was changed" not in stage.says(REVIEW_CARD, draft.id)
    clock.advance(minutes=9)
    stage.say(incident, MAX, body="Faster than you.")
    for kind in (REVIEW_CARD, MINE_CARD):
        words = stage.says(kind, draft.id)
        assert f":warning: The incident was changed <!date^{int(clock.now().timestamp())}^" in words
        assert "an update of *Checkout errors*" in words


def test_a_postmortem_is_reviewed_as_well(stage: CardStage, clock: HeldClock) -> None:
    """The card of a postmortem has its text; that the incident was changed meanwhile does not hold it up."""
    incident = stage.open()
    stage.say(incident, status=IncidentStatus.RESOLVED)
    write = partial(write_draft, page_id=stage.page_id, kind=DraftKind.POSTMORTEM, content="A *full* disk.")
    draft = _handed_in(stage, stage.do(INES, partial(write, incident_id=incident.id)))
    clock.advance(minutes=1)
    stage.say(incident, body="One more thing.")
    words = stage.says(REVIEW_CARD, draft.id)
    assert "asks you to publish the postmortem of *Checkout errors*." in words
    assert "A _full_ disk." in words
    assert "was changed" not in words


def test_the_author_reads_for_whom_it_waits(stage: CardStage) -> None:
    """Up to five people are mentioned, the others counted; the author can look at it, take it back or discard it."""
    draft = _handed_in(stage, stage.draft())
    assert f"by a second person: <@{MAX}>." in stage.says(MINE_CARD, draft.id)
    assert stage.labels(MINE_CARD, draft.id) == ["Open", "Take back", "Discard"]
    with stage.desk.database.write() as session:
        for number in range(6):
            user_id = f"U1MORE{number:05}"
            add_member(session, user_id, MONDAY_MORNING)
            add_grant(session, user_id, Role.INCIDENT_MANAGER, MONDAY_MORNING)
    words = stage.says(MINE_CARD, draft.id)
    assert " and 2 more." in words
    assert words.count("<@") == 5


def test_a_draft_that_was_sent_back_says_why(stage: CardStage, clock: HeldClock) -> None:
    """Both cards have who, when and the reason; the author edits, and after that both say that it is open again."""
    draft = _handed_in(stage, stage.draft())
    clock.advance(minutes=3)
    stage.do(MAX, partial(send_back, draft_id=draft.id, reason="Say *when* <!here>"))
    for kind in (REVIEW_CARD, MINE_CARD):
        words = stage.says(kind, draft.id)
        assert f"*Sent back* by <@{MAX}> <!date^{int(clock.now().timestamp())}^" in words
        assert "> Say *when* &lt;!here&gt;" in words
    assert stage.labels(REVIEW_CARD, draft.id) == []
    assert stage.labels(MINE_CARD, draft.id) == ["Edit", "Keep", "Discard"]
    stage.do(INES, partial(revise_draft, draft_id=draft.id, content=content_of(draft)))
    words = stage.says(REVIEW_CARD, draft.id)
    assert words.startswith("Open again: a new incident “Checkout errors”")
    assert f"<@{INES}> has it in hand since <!date^" in words
    assert "Sent back" not in words
    assert "Say *when*" not in words
    assert stage.labels(MINE_CARD, draft.id) == ["Open", "Keep", "Discard"]


def test_the_end_of_a_draft_is_told_without_buttons(stage: CardStage) -> None:
    """Published: by whom and where it is. Thrown away: by whom."""
    published, discarded = (_handed_in(stage, stage.draft(name=name)) for name in ("One", "Two"))
    _, incident = stage.do(MAX, partial(publish_draft, draft_id=published.id))
    assert incident is not None
    stage.do(INES, partial(discard_draft, draft_id=discarded.id))
    for kind in (REVIEW_CARD, MINE_CARD):
        words = stage.says(kind, published.id)
        assert f"*Published* by <@{MAX}>" in words
        assert f"<{incident.shortlink}|On the page>" in words
        assert f"*Thrown away* by <@{INES}>" in stage.says(kind, discarded.id)
        assert stage.labels(kind, published.id) + stage.labels(kind, discarded.id) == []
        assert stage.drawn(kind, "gone") is None
        assert "its incident was deleted" in stage.says(kind, "gone", ts="1.0")


def test_the_longest_draft_fits_into_a_message(stage: CardStage) -> None:
    """Slack takes the card of a text of 25,000 signs, nobody's text comes alive, and it says that there is more."""
    incident = stage.open(name=(HOSTILE * 9)[:255])
    wanted = stage.states(api=ComponentStatus.MAJOR_OUTAGE)
    draft = _handed_in(stage, stage.draft(incident, body=f"{HOSTILE} {{{{x}}}}\n\n" * 350, components=wanted))
    message = stage.drawn(REVIEW_CARD, draft.id)
    assert problems(message, incident) == []
    assert message is not None
    assert len(message.blocks) <= MAX_MESSAGE_BLOCKS
    assert text_length(message.blocks) <= MAX_MESSAGE_TEXT
    words = words_of({"blocks": message.blocks})
    assert "…and more. *Open* shows everything." in words
    assert "Not filled in: {{x}}" in words
    stage.do(MAX, partial(send_back, draft_id=draft.id, reason=HOSTILE * 7))
    for kind in (REVIEW_CARD, MINE_CARD):
        assert problems(stage.drawn(kind, draft.id), incident) == []


def test_only_who_may_is_asked_for_a_reason(stage: CardStage) -> None:
    """The form opens for those who may publish, while the draft waits; a key's secret is no reason."""
    draft = _handed_in(stage, stage.draft())
    with stage.desk.database.write() as session:
        add_member(session, MIA, MONDAY_MORNING)
    form = partial(send_back_view, draft_id=draft.id, seen=2)
    assert stage.do(OLIVIA, form)["private_metadata"] == f"{draft.id}:2"
    with pytest.raises(NotAllowedError):
        stage.do(MIA, form)
    with pytest.raises(InvalidInputError) as caught:
        stage.do(MAX, partial(send_back, draft_id=draft.id, reason=f"x {Secret.generate().reveal()}"))
    assert caught.value.field == "reason"
    stage.do(MAX, partial(publish_draft, draft_id=draft.id))
    with pytest.raises(ConflictError, match="was published already"):
        stage.do(OLIVIA, form)
