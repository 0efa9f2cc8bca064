"""Every change that people make to keys: one row each, with all ways in which it is made, offered and told of.

A new one is a row here, a function of the desk that it calls, and what its form asks (in `views`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from desk.audit.trail import Action
from desk.keys.changes import (
    extend_key,
    find_recent_use,
    rename_key,
    restore_key,
    revoke_key,
    suspend_key,
    transfer_key,
)
from desk.keys.questions import ask_for_extension, ask_holder, decline_extension, keep_key
from desk.keys.rules import Change
from desk.requests.takeovers import rotate_or_ask
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.blocks import Message, day, escape, mention, plain, section, when
from handlers.slack.framework.hearing import why_unheard
from handlers.slack.keys import views
from handlers.slack.keys.change import Done, KeyChange, Told, Usage
from handlers.slack.keys.inputs import Inputs
from handlers.slack.keys.views import Form
from handlers.slack.requests.text import owners_unheard, takeover_asked
from storage.models import ApiKey, Ticket


def _restore(tx: Transaction, key_id: str, given: Inputs) -> Done:
    restore_key(tx, key_id, version=given.version)
    return "Restored: it works again."


def _rotate(tx: Transaction, key_id: str, given: Inputs) -> Done:
    begun = rotate_or_ask(tx, key_id, given.grace(), version=given.version)
    return begun if isinstance(begun, Ticket) else takeover_asked(tx, begun)


def _extend(tx: Transaction, key_id: str, given: Inputs) -> Done:
    until = given.longer()
    extend_key(tx, key_id, until, version=given.version)
    return f"It works until {when(until)}." if given.is_typed else f"Extended: it works until {day(until)}."


def _ask_extension(tx: Transaction, key_id: str, given: Inputs) -> Done:
    until = given.longer()
    ask_for_extension(tx, key_id, until, reason=given.reason())
    if unheard := owners_unheard(tx):
        return f"Your wish is kept, but {unheard}"
    return f"Owners were asked to extend it until {when(until)}."


def _decline(tx: Transaction, key_id: str, given: Inputs) -> Done:
    key = decline_extension(tx, key_id, reason=given.reason())
    return f"Declined: it keeps its end, {day(key.expires_at)}. Whoever asked is told."


def _rename(tx: Transaction, key_id: str, given: Inputs) -> Done:
    name = given.name()
    before = tx.session.get_one(ApiKey, key_id).name
    rename_key(tx, key_id, name, version=given.version)
    return f"Renamed; it was “{_name(before)}”." if given.is_typed else "Renamed."


def _transfer(tx: Transaction, key_id: str, given: Inputs) -> Done:
    to = given.person()
    transfer_key(tx, key_id, to, version=given.version)
    return f"{mention(to)} answers for it now."


def _keep(tx: Transaction, key_id: str, given: Inputs) -> Done:
    until = given.until()
    keep_key(tx, key_id, until, given.reason(), version=given.version)
    return f"Kept until {when(until)}; digests will say so."


def _ask_holder(tx: Transaction, key_id: str, _given: Inputs) -> Done:
    key = ask_holder(tx, key_id)
    if why := why_unheard(tx, [key.holder_id or ""]):
        told = f"{mention(key.holder_id)} was not told"
        return Message(told, [section(f":warning: The question is kept, but {told}: {why}. Ask them yourself.")])
    told = f"{mention(key.holder_id)} was asked whether “{_name(key.name)}” is still needed"
    return Message(told, [section(f":speech_balloon: {mention(key.holder_id)} was asked.")])


def _suspend(tx: Transaction, key_id: str, given: Inputs) -> Done:
    suspend_key(tx, key_id, reason=given.reason(), version=given.version)
    return "Suspended: it does not work until it is restored."


def _revoke(tx: Transaction, key_id: str, given: Inputs) -> Done:
    revoke_key(tx, key_id, reason=given.reason(), version=given.version, warn=not given.confirmed)
    return "Revoked, for good."


def _name(text: object) -> str:
    return escape(plain(str(text), limit=100))


def _until(facts: Mapping[str, Any]) -> str:
    return day(datetime.fromisoformat(str(facts["until"])))


def _transferred(name: str, facts: Mapping[str, Any], reader: str) -> str:
    if facts.get("to") == reader:
        return f"made you answer for {name}. It works on unchanged."
    return f"transferred {name}: {mention(str(facts.get('to') or '') or None)} answers for it now."


def _taken_over(name: str, facts: Mapping[str, Any], _reader: str) -> str:
    to = mention(str(facts.get("to") or "") or None)
    if facts.get("is_operator"):
        return f"is having {name} rotated: its new secret goes to {to}, without a request, as operators are trusted."
    return f"is taking over {name}: its new secret goes to {to}, without a request, as policy allows."


_HOW_LONG = frozenset({"for", "until"})
_TO = frozenset({"to"})
CATALOGUE: Sequence[KeyChange] = (
    KeyChange(
        change=Change.RESTORE,
        make=_restore,
        action_id=ActionId.KEY_RESTORE,
        label="Restore",
        menu_place=1,
        usage=Usage(5, "restore KEY", "let a suspended key work again", ["resume", "unsuspend"]),
        audited=Action.KEY_RESTORED,
        past="restored",
        told=Told(lambda name, _facts, _reader: f"restored {name}. It works again.", "was restored"),
    ),
    KeyChange(
        change=Change.ROTATE,
        make=_rotate,
        action_id=ActionId.KEY_ROTATE,
        label="Rotate…",
        menu_place=2,
        form=Form(CallbackId.KEY_ROTATE, "Rotate key", "Rotate", views.rotate_inputs),
        usage=Usage(3, "rotate KEY [grace 48h]", "replace its secret", takes=frozenset({"grace"})),
        audited=Action.KEY_ROTATED,
        past="rotated",
        told=Told(_taken_over, "is being taken over"),
    ),
    KeyChange(
        change=Change.EXTEND,
        make=_extend,
        action_id=ActionId.KEY_EXTEND,
        label="Extend…",
        menu_place=3,
        form=Form(CallbackId.KEY_EXTEND, "Extend key", "Extend", views.extend_inputs),
        usage=Usage(
            2, "extend KEY for 30d [because …]", "let it live longer; holders ask owners for it", takes=_HOW_LONG
        ),
        audited=Action.KEY_EXTENDED,
        past="extended",
        told=Told(lambda name, facts, _reader: f"extended {name}: it works until {_until(facts)}.", "was extended"),
        otherwise=KeyChange(
            change=Change.ASK_EXTENSION,
            make=_ask_extension,
            action_id=ActionId.KEY_EXTEND,
            label="Ask for more time…",
            menu_place=3,
            form=Form(CallbackId.KEY_EXTEND, "Ask for more time", "Ask owners", views.ask_extension_inputs),
            audited=Action.KEY_EXTENSION_ASKED,
            past="more time asked for",
        ),
    ),
    KeyChange(
        change=Change.DECLINE_EXTENSION,
        make=_decline,
        action_id=ActionId.KEY_DECLINE,
        label="Decline…",
        form=Form(CallbackId.KEY_DECLINE, "Decline more time", "Decline", views.decline_inputs),
        usage=Usage(
            9, "decline KEY because …", "let it end when it would, though more time is asked for", owners_only=True
        ),
        audited=Action.KEY_EXTENSION_DECLINED,
        past="more time declined",
        told=Told(
            lambda name, _facts, _reader: f"declined more time for {name}. It ends when it would have.",
            "gets no more time",
        ),
    ),
    KeyChange(
        change=Change.RENAME,
        make=_rename,
        action_id=ActionId.KEY_RENAME,
        label="Rename…",
        form=Form(CallbackId.KEY_RENAME, "Rename key", "Rename", views.rename_inputs),
        usage=Usage(1, 'rename KEY to "new name"', "call a key something else", takes=_TO),
        audited=Action.KEY_RENAMED,
        past="renamed",
        told=Told(lambda name, facts, _reader: f"renamed “{_name(facts['before'])}” to {name}.", "was renamed"),
    ),
    KeyChange(
        change=Change.TRANSFER,
        make=_transfer,
        action_id=ActionId.KEY_TRANSFER,
        label="Transfer to…",
        menu_place=6,
        form=Form(CallbackId.KEY_TRANSFER, "Transfer key", "Transfer", views.transfer_inputs),
        usage=Usage(8, "transfer KEY to @max", "make somebody else answer for it", owners_only=True, takes=_TO),
        names_person=True,
        audited=Action.KEY_TRANSFERRED,
        past="transferred",
        told=Told(_transferred, "was transferred"),
    ),
    KeyChange(
        change=Change.KEEP,
        make=_keep,
        action_id=ActionId.KEY_KEEP,
        label="Keep until…",
        form=Form(CallbackId.KEY_KEEP, "Keep key", "Keep", views.keep_inputs),
        other_buttons=[ActionId.KEY_STILL_NEEDED],
        usage=Usage(7, "keep KEY until Dec 1 because …", "leave it out of digests", takes=_HOW_LONG),
        audited=Action.KEY_KEPT,
        past="kept",
        told=Told(lambda name, facts, _reader: f"said to keep {name} until {_until(facts)}.", "was kept"),
    ),
    KeyChange(
        change=Change.ASK_HOLDER,
        make=_ask_holder,
        action_id=ActionId.KEY_ASK,
        label="Ask its holder",
        audited=Action.KEY_ASKED,
        past="holder asked",
    ),
    KeyChange(
        change=Change.SUSPEND,
        make=_suspend,
        action_id=ActionId.KEY_SUSPEND,
        label="Suspend…",
        menu_place=4,
        form=Form(CallbackId.KEY_SUSPEND, "Suspend key", "Suspend", views.suspend_inputs),
        usage=Usage(4, "suspend KEY because …", "stop it; can be undone", ["pause"]),
        audited=Action.KEY_SUSPENDED,
        past="suspended",
        told=Told(
            lambda name, _facts, _reader: f"suspended {name}. It does not work until it is restored.", "was suspended"
        ),
    ),
    KeyChange(
        change=Change.REVOKE,
        make=_revoke,
        action_id=ActionId.KEY_REVOKE,
        label="Revoke…",
        style="danger",
        menu_place=5,
        form=Form(CallbackId.KEY_REVOKE, "Revoke key", "Revoke", views.revoke_inputs, find_recent_use),
        other_buttons=[ActionId.KEY_NOT_NEEDED],
        usage=Usage(6, "revoke KEY because … [--yes]", "end it for good", ["delete", "remove"]),
        audited=Action.KEY_REVOKED,
        past="revoked",
        told=Told(lambda name, _facts, _reader: f"revoked {name}, for good.", "was revoked"),
    ),
)
"""In the order of their buttons."""

BY_CHANGE: Mapping[Change, KeyChange] = {
    way.change: way for row in CATALOGUE for way in (row, row.otherwise) if way is not None
}
