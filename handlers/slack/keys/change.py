"""What is said of a change of a key: all ways in which it is made, offered and told of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.audit.trail import Action
from desk.keys.changes import choose_change
from desk.keys.rules import Change
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Message
from handlers.slack.keys.inputs import Inputs
from handlers.slack.keys.views import Form
from storage.models import ApiKey, Ticket

Done = str | Message | Ticket
"""What was done, in words that stand above the key; or what is shown instead of it; or who collects a new secret."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How the change is typed behind `/keys`, and its place in help."""

    place: int
    line: str
    does: str
    also: Sequence[str] = ()
    owners_only: bool = False
    takes: frozenset[str] = frozenset()
    """What may follow the key besides a reason: `to`, `for`, `until`, `grace`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What others are told of it: who did it stands before `deed`, and the key's name before `headline`.

    `deed` is given the key's name, what was kept of the change, and who reads it.
    """

    deed: Callable[[str, Mapping[str, Any], str], str]
    headline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A change of a key."""

    change: Change
    make: Callable[[Transaction, str, Inputs], Done]
    action_id: ActionId
    label: str
    style: str | None = None
    menu_place: int | None = None
    """Its place in the menu beside a key, which shows the first four that the person may; None: not there."""
    form: Form | None = None
    """What is asked first; without one, its button makes the change at once."""
    other_buttons: Sequence[ActionId] = ()
    """Buttons in messages that open the same form."""
    usage: Usage | None = None
    names_person: bool = False
    """Whether it names somebody whom the desk may not have met."""
    audited: Action
    past: str
    """What was done, in a key's history: before “by” and whoever did it."""
    told: Told | None = None
    otherwise: "KeyChange | None" = None
    """What the same button and command do for whoever may not make the change itself."""

    def chosen_for(self, tx: Transaction, key: ApiKey) -> "KeyChange":
        """The change itself or, where that is the actor's way, what they do otherwise."""
        if self.otherwise is None:
            return self
        ways = {row.change: row for row in (self, self.otherwise)}
        return ways[choose_change(tx, key, list(ways))]
