"""A key as it is, with what the person may do to it: in a line of a list, and in full."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from desk.audit.trail import Action
from desk.keys.details import KeyDetails, ShownKey
from desk.keys.restrictions import restrictions_in_short
from desk.keys.rules import KeyState
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    MAX_SECTION_TEXT,
    Block,
    actions,
    actor_name,
    button,
    context,
    day,
    escape,
    fields,
    header,
    mention,
    overflow,
    plain,
    quote,
    section,
    when,
    who_text,
)
from handlers.slack.framework.sparkline import render_sparkline
from handlers.slack.keys.catalogue import BY_CHANGE
from handlers.slack.keys.change import KeyChange
from handlers.slack.keys.text import key_name, last_used_words, scope_words, state_words
from handlers.slack.requests.text import quotation
from storage.models import AuditEvent, KeyUse

_NAME, _PAGES, _AGENT, _REASON = 100, 200, 80, 300

_MENU = sorted(
    ((change, row) for change, row in BY_CHANGE.items() if row.menu_place is not None),
    key=lambda pair: pair[1].menu_place or 0,
)
_HAPPENED: Mapping[str, str] = {
    Action.KEY_MINTED: "collected by",
    Action.KEY_REVEALED: "shown to",
    Action.KEY_VOIDED: "made void by",
    Action.KEY_RETIRED: "retired by",
    Action.KEY_EXPIRED: "seen to expire by",
    Action.KEY_KNOCKED: "used while suspended, noted by",
    Action.KEY_ANNOUNCED: "end announced by",
    Action.KEY_CALLED_OFF: "announced end called off by",
    **{row.audited: f"{row.past} by" for row in BY_CHANGE.values()},
}


def key_line(shown: ShownKey, *, place: str = "line") -> list[Block]:
    """A key in a list, with a menu of what the person may do. `place` names the list, where one view has several."""
    key = shown.key
    expires = "expired" if shown.state is KeyState.EXPIRED else "expires"
    text = (
        f"{key_name(key)}  {state_words(shown)}\n"
        f"{', '.join(f'`{escape(scope)}`' for scope in key.scopes)} on {escape(plain(shown.pages, limit=_PAGES))}"
        f"{''.join(f', {words}' for words in restrictions_in_short(key.components, key.networks))}"
        f" · {_holder_words(shown)}\n"
        f"{expires} {day(key.expires_at)} · {last_used_words(shown.use)}"
    )
    return [section(text, accessory=_menu(shown), block_id=f"key.{place}.{key.id}")]


def _holder_words(shown: ShownKey) -> str:
    if shown.holder_has_left:
        return f":warning: nobody answers for it: {mention(shown.key.holder_id)} has left"
    return f"{mention(shown.key.holder_id)} answers for it"


def _menu(shown: ShownKey) -> Block:
    value = value_of(shown.key.id, shown.key.version)
    choices = [("Show everything", f"{ActionId.KEY_SHOW}:{value}")]
    choices += [(row.label, f"{row.action_id}:{value}") for change, row in _MENU if change in shown.allowed]
    return overflow(ActionId.KEY_MENU, choices[:5])


def key_buttons(shown: ShownKey) -> list[Block]:
    """Buttons for everything that the person may do to the key now."""
    value = value_of(shown.key.id, shown.key.version)
    buttons = [button(row.label, str(row.action_id), value, style=row.style) for row in _offered(shown)]
    return [actions(*buttons, block_id=f"key.actions.{shown.key.id}")] if buttons else []


def _offered(shown: ShownKey) -> list[KeyChange]:
    return [row for change, row in BY_CHANGE.items() if change in shown.allowed]


def key_blocks(details: KeyDetails) -> list[Block]:
    """Everything about a key."""
    shown, key = details.shown, details.shown.key
    blocks = [
        header(key.name),
        section(f"`{key.start}…`  {state_words(shown)}{_why_state(shown)}"),
        fields(_facts(shown)),
        section(f"*It may* {scope_words(key.scopes)}"),
        context(f"`{render_sparkline(details.daily)}`  uses a day, the last column is today"),
        fields(_use_facts(shown.use)),
    ]
    if key.purpose:
        blocks += [section("*What it is for*"), *quotation(plain(key.purpose, limit=1000))]
    blocks += [section(line) for line in _origin(details)]
    if details.history:
        blocks.append(section(_as_many_as_fit(["*What happened, newest first*", *map(_happening, details.history)])))
    blocks += key_buttons(shown)
    return [*blocks, context(f"Key id `{key.id}`")]


def _why_state(shown: ShownKey) -> str:
    key = shown.key
    if shown.state is KeyState.SUSPENDED and key.suspended_at is not None:
        return _by(key.suspended_by, key.suspended_at, key.suspend_reason)
    if shown.state is KeyState.REVOKED and key.revoked_at is not None:
        return _by(key.revoked_by, key.revoked_at, key.revoke_reason)
    return ""


def _by(actor: str | None, at: datetime, reason: str | None) -> str:
    because = f"\n{quote(plain(reason, limit=_REASON))}" if reason else ""
    return f" by {actor_name(actor)}, {when(at)}{because}"


def _facts(shown: ShownKey) -> list[tuple[str, str]]:
    key = shown.key
    facts = [
        ("Answers for it", f"{mention(key.holder_id)}{', who has left' if shown.holder_has_left else ''}"),
        ("Pages", escape(plain(shown.pages, limit=300))),
        *((label, escape(plain(words, limit=300))) for label, words in shown.restrictions),
        ("Made", f"{day(key.created_at)} by {actor_name(key.created_by)}"),
        ("Expired" if shown.state is KeyState.EXPIRED else "Expires", day(key.expires_at)),
    ]
    if key.kept_until is not None:
        reason = escape(plain(key.keep_reason or "", limit=_REASON))
        facts.append(("Kept", f"until {day(key.kept_until)} by {actor_name(key.kept_by)}: {reason}"))
    return facts


def _use_facts(use: KeyUse | None) -> list[tuple[str, str]]:
    if use is None:
        return [("Used", "never")]
    agent = f" with {escape(plain(use.last_user_agent, limit=_AGENT))}" if use.last_user_agent else ""
    place = f"{escape(use.last_address)}{agent}" if use.last_address else "nowhere yet"
    return [
        (f"Last read ({use.reads} in all)", _moment(use.last_read_at if use.reads else None)),
        (f"Last write ({use.writes} in all)", _moment(use.last_write_at if use.writes else None)),
        (f"Last answered with an error ({use.failed} in all)", _moment(use.last_failed_at)),
        (f"Last refused ({use.refused} in all)", _moment(use.last_refused_at)),
        ("Last seen from", place),
    ]


def _moment(instant: datetime | None) -> str:
    return when(instant) if instant else "never"


def _origin(details: KeyDetails) -> list[str]:
    lines = []
    request = details.request
    if request is not None:
        decided = f", decided {day(request.decided_at)}" if request.decided_at else ""
        by = ", ".join(who_text(who) for who in details.approvers) or actor_name(request.decided_by)
        reason = f"\n{quote(plain(request.decision_reason, limit=_REASON))}" if request.decision_reason else ""
        asked = f"*Asked for* by {mention(request.requester_id)}, {day(request.created_at)}"
        lines.append(f"{asked}; *approved* by {by}{decided}.{reason}")
    if details.predecessor is not None:
        lines.append(f"It follows {key_name(details.predecessor)} after a rotation.")
    if details.successor is not None:
        lines.append(f"{key_name(details.successor)} follows it after a rotation.")
    if details.waiting is not None:
        until = when(details.waiting.expires_at)
        lines.append(f"A new secret waits for {mention(details.waiting.collector_id)} to collect it until {until}.")
    return lines


def _happening(event: AuditEvent) -> str:
    words = _HAPPENED.get(event.action, escape(event.action))
    reason = event.data.get("reason")
    because = f": {escape(plain(str(reason), limit=120))}" if reason else ""
    return f"• {when(event.at)}  {words} {actor_name(event.actor)}{because}"


def _as_many_as_fit(lines: Sequence[str]) -> str:
    # Cut between lines: half a date or half an escaped character would show as rubbish.
    text = lines[0]
    for line in lines[1:]:
        if len(text) + 1 + len(line) > MAX_SECTION_TEXT:
            break
        text += f"\n{line}"
    return text
