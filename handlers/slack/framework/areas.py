"""What an area of Slack is made of, and how all of them become one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from desk.errors import KeydeskError
from desk.messages.readers import Reader
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.commands import CommandFamily
from handlers.slack.framework.messages import Renderer
from handlers.slack.framework.payloads import (
    ActionHandler,
    ClosedHandler,
    EventHandler,
    OptionsHandler,
    Refresher,
    ViewHandler,
)


class DoubledError(KeydeskError):
    """Two would answer, or draw, the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What an area answers, and the messages that it draws.

    Pairs rather than mappings, in which a second one of a name would replace the first in silence.
    """

    commands: Sequence[CommandFamily] = ()
    actions: Sequence[tuple[ActionId, ActionHandler]] = ()
    """Buttons and menus, wherever they are."""
    views: Sequence[tuple[CallbackId, ViewHandler]] = ()
    """Modals that are submitted."""
    closed: Sequence[tuple[CallbackId, ClosedHandler]] = ()
    """Modals that are closed, of those that say so."""
    options: Sequence[tuple[ActionId, OptionsHandler]] = ()
    """Menus that are searched."""
    events: Sequence[tuple[str, EventHandler]] = ()
    messages: Sequence[tuple[str, Renderer]] = ()
    """Kinds of messages in the outbox, and what draws them."""
    readers: Sequence[tuple[str, Reader]] = ()
    """Kinds of messages in the outbox, and who may read them in their direct messages."""
    refreshers: Sequence[Refresher] = ()


_CALLED = {
    "actions": "button",
    "views": "modal",
    "closed": "closed modal",
    "options": "searched menu",
    "events": "event",
    "messages": "kind of message",
    "readers": "reader of the kind of message",
}


def join_areas(areas: Iterable[Area]) -> Area:
    """All areas as one. Raises DoubledError that names what two of them, or one of them twice, would answer."""
    all_areas = list(areas)
    whole = Area(**{name: _all(all_areas, name) for name in Area.__dataclass_fields__})
    for name, called in _CALLED.items():
        _refuse_doubles(called, [str(key) for key, _ in getattr(whole, name)])
    _refuse_doubles("command", [str(family.command) for family in whole.commands])
    for family in whole.commands:
        _refuse_doubles(f"sub-command of {family.command}", family.names())
    return whole


def _all(areas: Sequence[Area], name: str) -> list[Any]:
    return [one for area in areas for one in getattr(area, name)]


def _refuse_doubles(called: str, names: Iterable[str]) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise DoubledError(f"The {called} “{twice[0]}” is registered twice.", "Each needs exactly one handler.")
