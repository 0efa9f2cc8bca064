"""What a request of Slack's is called, and what it is about, in words of a closed vocabulary."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from handlers.slack.framework.action_ids import ActionId, CallbackId, Command

_OTHER = "other"
_ACTIONS, _CALLBACKS = frozenset(map(str, ActionId)), frozenset(map(str, CallbackId))


def name_request(body: Mapping[str, Any]) -> str | None:
    """The same for each delivery of one click or command: Slack gives each a trigger of its own, and repeats that."""
    trigger = body.get("trigger_id")
    return hashlib.sha256(str(trigger).encode(errors="replace")).hexdigest() if trigger else None


def what_is_asked(body: Mapping[str, Any], events: Collection[str]) -> tuple[str, str]:
    """Its kind and its name; what is none of ours is called `other`. `events` are those that somebody listens to."""
    if "command" in body:
        return "command", _name_of_command(str(body["command"]))
    kind = body.get("type")
    if kind == "block_actions":
        actions = body.get("actions") or [{}]
        return "button", _known(actions[0].get("action_id"), _ACTIONS)
    if kind == "block_suggestion":
        return "menu", _known(body.get("action_id"), _ACTIONS)
    if kind in ("view_submission", "view_closed"):
        return "modal", _known((body.get("view") or {}).get("callback_id"), _CALLBACKS)
    if kind == "event_callback":
        return "event", _known((body.get("event") or {}).get("type"), events)
    return _OTHER, _OTHER


def _name_of_command(typed: str) -> str:
    """Without the prefix that is set."""
    return next((str(one) for one in Command if typed.endswith(one.removeprefix("/"))), _OTHER)


def _known(name: object, names: Collection[str]) -> str:
    return str(name) if name in names else _OTHER
