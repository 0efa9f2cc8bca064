"""How keys read: the words that lists, messages and modals share."""

from collections.abc import Sequence

from desk.keys.details import ShownKey
from desk.keys.refusals import RecentUse
from desk.keys.rules import KeyState
from desk.keys.scopes import IN_WORDS
from handlers.slack.framework.blocks import (
    bold,
    escape,
    plain,
    when,
)
from storage.models import ApiKey, KeyUse, Scope

_NAME, _PAGES, _AGENT, _REASON = 100, 200, 80, 300


def key_name(key: ApiKey) -> str:
    """A key's name, safe to show, with the start of its secret."""
    return f"{bold(key.name, limit=_NAME)}  `{escape(key.start)}…`"


def state_words(shown: ShownKey) -> str:
    """A key's state with its sign."""
    if shown.retiring and shown.key.retires_at is not None:
        return f":arrows_counterclockwise: rotated, works until {when(shown.key.retires_at)}"
    return {
        KeyState.ACTIVE: ":large_green_circle: active",
        KeyState.SUSPENDED: ":double_vertical_bar: suspended",
        KeyState.EXPIRED: ":hourglass: expired",
        KeyState.REVOKED: ":no_entry: revoked",
    }[shown.state]


def scope_words(scopes: Sequence[str]) -> str:
    """What scopes allow, in plain words."""
    known = {scope.value for scope in Scope}
    return ", ".join(IN_WORDS[Scope(scope)] if scope in known else escape(scope) for scope in scopes)


def last_used_words(use: KeyUse | None) -> str:
    """When and from where a key was last used."""
    if use is None or use.last_used_at is None:
        return "never used"
    place = f" from {escape(plain(use.last_address, limit=64))}" if use.last_address else ""
    return f"last used {when(use.last_used_at)}{place}"


def use_warning(use: RecentUse) -> str:
    """That something uses the key: when, from where and with what."""
    place = f" from {escape(use.address)}" if use.address else ""
    agent = f" with {escape(plain(use.user_agent, limit=80))}" if use.user_agent else ""
    if use.refused:
        return f":warning: *Something still knocks with this suspended key*: {when(use.at)}{place}{agent}."
    return (
        f":warning: *Something uses this key*: {when(use.at)}{place}{agent}. "
        "Revoking it cannot be undone; suspending can."
    )
