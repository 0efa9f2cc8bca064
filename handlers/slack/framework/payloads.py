"""What comes in from Slack as small typed objects, what handlers answer, and what they work with."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from desk.texts import as_typed, clean_text
from desk.transaction import Actor, Desk
from handlers.slack.framework.action_ids import number_in
from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.blocks import Block, Message
from handlers.upstream.access import UpstreamAccess
from storage.open_questions import OpenQuestions

UNTOLD = "key"
"""The block of a form in which a secret is typed: what stands in it is never given back."""
_CHOSEN = ("selected_user", "selected_date", "selected_time", "selected_conversation", "selected_channel")
_CHOSEN_MANY = ("selected_users", "selected_conversations", "selected_channels")


@dataclass(frozen=True, slots=True)
class ViewState:
    """The inputs of a surface as a person has filled them in, by block id."""

    values: dict[str, dict[str, Any]]
    """Block id → action id → state."""

    def _state(self, block_id: str) -> dict[str, Any]:
        return next(iter(self.values.get(block_id, {}).values()), {})

    def text(self, block_id: str) -> str:
        """A text input's value, fit to be kept (see `desk.texts`); empty when nothing was typed."""
        return clean_text(str(self._state(block_id).get("value") or ""))

    def name(self, block_id: str) -> str:
        """A name as it was typed: what cannot be seen in it is refused where it would be kept."""
        return as_typed(str(self._state(block_id).get("value") or ""))

    def choice(self, block_id: str) -> str | None:
        """The value of a select, radio group, date (`YYYY-MM-DD`), time (`HH:MM`), user or conversation."""
        return choice_in(self._state(block_id))

    def choices(self, block_id: str) -> list[str]:
        """The values chosen in a multi-select or checkbox group."""
        state = self._state(block_id)
        options = [str(choice["value"]) for choice in state.get("selected_options") or []]
        return options + [str(chosen) for name in _CHOSEN_MANY for chosen in state.get(name) or []]

    def instant(self, block_id: str) -> datetime | None:
        """The instant chosen in a datetimepicker, in UTC."""
        seconds = self._state(block_id).get("selected_date_time")
        return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def choice_in(state: dict[str, Any]) -> str | None:
    """The one value chosen in an element, by its state or by the action of a click."""
    if state.get("selected_option"):
        return str(state["selected_option"]["value"])
    return next((str(state[name]) for name in _CHOSEN if state.get(name)), None)


EnsureKnown = Callable[[AsyncWebClient, Desk, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class SlackContext:
    """What handlers work with. `client` is for opening modals; everything else that goes out is an outbox row."""

    desk: Desk
    client: AsyncWebClient
    ensure_known: EnsureKnown
    """Called before anything is decided for a person whom the desk may not have met yet."""
    afterwards: Afterwards = field(default_factory=Afterwards)
    upstream: UpstreamAccess | None = None
    """What tries keys of a Statuspage elsewhere."""
    questions: OpenQuestions | None = None
    """Where it is kept what became of which change is not known; None: nowhere but in this process."""
    collecting: set[str] = field(default_factory=set)
    """The tickets that this process is collecting now."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command as a person typed it."""

    user_id: str
    channel_id: str
    text: str
    """What follows the command, without blanks around it and without what no database wants."""
    trigger_id: str
    response_url: str

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)

    @property
    def token(self) -> str:
        """The same for each delivery of one typed command: Slack gives each a trigger of its own and repeats that."""
        return hashlib.sha256(self.trigger_id.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BlockAction:
    """A press of a button, or a choice made in a menu."""

    user_id: str
    action_id: str
    value: str
    """The button's value, or that of the chosen option."""
    trigger_id: str
    response_url: str | None
    """None for clicks in modals and on the Home tab."""
    view: dict[str, Any] | None
    body: dict[str, Any]
    label: str = ""
    """What stands on the button; empty for a menu."""

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)

    @property
    def private_metadata(self) -> str:
        """That of the modal or Home tab that was clicked in; empty for a message."""
        return str((self.view or {}).get("private_metadata") or "")

    @property
    def entered(self) -> ViewState:
        """What the person had filled in on the same modal, Home tab or message when they clicked."""
        state = (self.view or self.body).get("state") or {}
        return ViewState(state.get("values") or {})

    @property
    def subject(self) -> str:
        """The id of what the button acts on."""
        return self.value.partition(":")[0]

    @property
    def version(self) -> int | None:
        """The version of the subject that the person saw, where the button carries one."""
        return number_in(self.value.partition(":")[2])


@dataclass(frozen=True, slots=True)
class ViewSubmission:
    """A submitted modal."""

    user_id: str
    view_id: str
    private_metadata: str
    values: dict[str, dict[str, Any]]
    """Slack's `view.state.values`: block id → action id → state."""
    body: dict[str, Any]

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)

    @property
    def entered(self) -> ViewState:
        """What the person has filled in."""
        return ViewState(self.values)

    def text(self, block_id: str) -> str:
        """As `ViewState.text`."""
        return self.entered.text(block_id)

    def choice(self, block_id: str) -> str | None:
        """As `ViewState.choice`."""
        return self.entered.choice(block_id)

    def choices(self, block_id: str) -> list[str]:
        """As `ViewState.choices`."""
        return self.entered.choices(block_id)

    def instant(self, block_id: str) -> datetime | None:
        """As `ViewState.instant`."""
        return self.entered.instant(block_id)


@dataclass(frozen=True, slots=True)
class OptionsRequest:
    """What a person has typed so far into a menu that is searched.

    Slack does not say what else they have entered: what the choices depend on has to be in the private metadata.
    """

    user_id: str
    text: str
    block_id: str
    private_metadata: str
    """That of the modal; empty for a menu in a message."""

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Choices under a heading."""

    label: str
    options: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a submitted modal becomes: closed (the default), replaced by `view`, or all closed (`clear`)."""

    view: Block | None = None
    clear: bool = False
    message: Message | None = None


CommandHandler = Callable[[SlackContext, SlashCommand], Awaitable[Message | None]]
ActionHandler = Callable[[SlackContext, BlockAction], Awaitable[Message | None]]
ViewHandler = Callable[[SlackContext, ViewSubmission], Awaitable[Answer | None]]
ClosedHandler = Callable[[SlackContext, str, str], Awaitable[None]]
"""Called with the person's id and the private metadata."""
OptionsHandler = Callable[[SlackContext, OptionsRequest], Awaitable[Sequence[Block] | Sequence[OptionGroup]]]
EventHandler = Callable[[SlackContext, str, dict[str, Any]], Awaitable[object]]
"""Called with the event's id and the event."""
Refresher = Callable[[SlackContext, str], Awaitable[None]]
"""Called with a person's id after a click on the Home tab or a submission of theirs: shows anew what only they see.
It raises nothing and holds nothing up for long."""
