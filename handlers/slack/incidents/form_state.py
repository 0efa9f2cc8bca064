"""What the form of an incident is about, carried from one drawing of it to the next, and what is filled in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from desk.identifiers import new_id
from desk.incidents.drafts.leaks import Leak, LeakKind, only_once
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.pages.status import Impact
from handlers.slack.framework.metadata import our_window, shaped
from storage.models import ComponentStatus, DraftKind, IncidentDraft, IncidentStatus

KEEP = "keep"
"""A component's choice: it stays as it is."""
COMPUTED = "computed"
"""The impact's choice: it follows from the components."""
MOST_COMPONENTS = 40
"""How many a form takes: each has a menu of its own, and a modal has room for a hundred blocks."""
_MAX_METADATA = 3000
"""Slack's limit of a modal's private metadata."""
_LENGTHS = (200, 80, 40, 20, 8, 4, 2)
"""To how many characters what a warning is about is cut where there are too many of them, the longest first."""
_FOUND_IN_TEXT = frozenset({LeakKind.INTERNAL_LINK, LeakKind.SLACK_LINK, LeakKind.PASSWORD})
"""Kinds that are found in the Markdown again, however often it passes through a form."""


def page_in(metadata: str) -> str:
    """The page that a form is about, from its private metadata."""
    with our_window():
        return str(json.loads(metadata)["page_id"])


@dataclass(frozen=True, slots=True)
class FormState:
    """Ids, and what a form has no input for; what is filled in is Slack's until it is submitted.

    `words` and `states` are counted up when the form itself fills in the text or the components' menus: under a new
    block id Slack shows what the form says, under the same one what the person has entered.
    """

    kind: DraftKind
    page_id: str
    incident_id: str | None = None
    incident_version: int | None = None
    """The version of the incident beside which the form was filled in."""
    draft_id: str | None = None
    """The draft that is edited."""
    draft_version: int | None = None
    """What it said when the form was drawn."""
    gives_up: str | None = None
    """The draft of something new, whose words went into this form and which ends with it."""
    template_id: str | None = None
    token: str = field(default_factory=new_id)
    """Makes one form one draft, however often it is submitted."""
    words: int = 0
    states: int = 0
    leaks: tuple[Leak, ...] = ()
    """What was warned about in the words that the form was filled in with: a mention is a plain name by then."""
    remind: str | None = None
    """When to remind of an update, where that was said."""
    status: IncidentStatus | None = None
    """The status with which the form was drawn last."""
    seen: str | None = None
    """The mark of the postmortem beside which one is written."""
    before: Mapping[str, str] = field(default_factory=dict)
    """What stood in the menus that this status has filled in, where that was not `KEEP`."""

    @classmethod
    def from_metadata(cls, text: str) -> "FormState":
        """From a modal's private metadata. Raises ForeignWindowError."""
        with our_window():
            kept = json.loads(text)
            leaks = [{"kind": kind, "about": about} for kind, about in kept.get("leaks", ())]
            return shaped(cls, {**kept, "leaks": leaks})

    def as_metadata(self) -> str:
        """For a modal's private metadata. No warning is left out: where they are too many, names are cut."""
        kept = {name: value for name, value in asdict(self).items() if value not in (None, 0, (), {})}
        if not self.leaks:
            return _packed(kept)
        texts = [_packed({**kept, "leaks": leaks}) for leaks in _shortened(self.leaks)]
        return next((text for text in texts if len(text) <= _MAX_METADATA), texts[-1])

    def with_leaks(self, leaks: Sequence[Leak]) -> "FormState":
        """The form is filled in with words in which this was warned about."""
        found = [leak for leak in leaks if leak.kind not in _FOUND_IN_TEXT]
        return replace(self, leaks=only_once([*self.leaks, *found]))

    def editing(self, draft: IncidentDraft) -> "FormState":
        """The form changes a draft, as that is now."""
        return replace(self, draft_id=draft.id, draft_version=draft.version)

    def with_new_words(self) -> "FormState":
        """The form fills in name, status and text anew."""
        return replace(self, words=self.words + 1)

    def with_new_states(self) -> "FormState":
        """The form fills in components and their states anew."""
        return replace(self, states=self.states + 1)

    def word_block(self, name: str) -> str:
        """The block id of an input of the text."""
        return f"{name}.{self.words}"

    def state_block(self, name: str) -> str:
        """The block id of an input about components."""
        return f"{name}.{self.states}"


def _packed(kept: Mapping[str, Any]) -> str:
    return json.dumps(kept, separators=(",", ":"))


def _shortened(leaks: Sequence[Leak]) -> Iterator[list[tuple[str, str]]]:
    for length in _LENGTHS:
        yield list(dict.fromkeys((str(leak.kind), leak.about[:length]) for leak in leaks))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """What is filled in."""

    name: str = ""
    status: IncidentStatus | None = None
    body: str = ""
    states: dict[str, str] = field(default_factory=dict)
    """Component id → the state it takes on, `KEEP`, or an empty text where that is yet to be chosen."""
    impact: Impact | None = None
    remind: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    """What stands for the placeholders of a template."""
    problems: tuple[str, ...] = ()
    """Shown above the form."""


def content_from(state: FormState, values: FormValues, *, name: str, body: str) -> NewIncident | IncidentChange:
    """What a filled-in form says; `name` and `body` as the public will read them."""
    components = {
        component_id: None if wanted in {"", KEEP} else ComponentStatus(wanted)
        for component_id, wanted in values.states.items()
    }
    if state.kind is DraftKind.UPDATE:
        return IncidentChange(
            name=name or None,
            body=body,
            status=values.status,
            impact_override=values.impact,
            clear_impact_override=values.impact is None,
            components=components,
            reminder_intervals=values.remind,
        )
    return NewIncident(
        name=name,
        body=body,
        status=values.status,
        impact_override=values.impact,
        components=components,
        reminder_intervals=values.remind,
    )


def values_of_content(content: NewIncident | IncidentChange) -> FormValues:
    """What a draft says, as a form shows it."""
    return FormValues(
        name=content.name or "",
        status=content.status,
        body=content.body or "",
        states={key: str(wanted) if wanted else KEEP for key, wanted in content.components.items()},
        impact=content.impact_override,
        remind=content.reminder_intervals,
    )


def values_of(draft: IncidentDraft, content: NewIncident | IncidentChange) -> FormValues:
    """The same, with the reason for which the draft was sent back."""
    problems = (f"It was sent back: {draft.decision_reason}",) if draft.decision_reason else ()
    return replace(values_of_content(content), problems=problems)
