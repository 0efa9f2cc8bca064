"""The modals in which keys are changed. Their inputs' block ids are the fields that refusals name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from desk.durations import in_words
from desk.keys.details import ShownKey
from desk.keys.refusals import RecentUse
from desk.keys.rotation import asks_first
from desk.keys.rules import Change
from desk.people import zone_of
from desk.reasons import MAXIMUM_KEY_NAME, MAXIMUM_REASON
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    button,
    day,
    input_block,
    modal,
    option,
    plain,
    section,
    static_select,
    text_input,
)
from handlers.slack.keys.text import key_name, last_used_words, use_warning
from storage.models import ApiKey

_GRACES = (
    timedelta(),
    timedelta(hours=1),
    timedelta(hours=24),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=14),
    timedelta(days=30),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """With what a form is drawn, beside the key."""

    said: str = ""
    """What its button carried, or what stood in it before."""
    use: RecentUse | None = None
    """What somebody should know of before they go on."""


@dataclass(frozen=True, slots=True)
class Form:
    """A modal for one change: its title and button, and what stands between them."""

    callback_id: CallbackId
    title: str
    submit: str
    draw: Callable[[Transaction, ShownKey, Asked], Sequence[Block]]
    find_warning: Callable[[Transaction, ApiKey], RecentUse | None] = lambda _tx, _key: None

    def render(self, tx: Transaction, shown: ShownKey, said: str = "") -> Block:
        """The modal. Its metadata has the key's id, the version that it shows, and whether it warns."""
        use = self.find_warning(tx, shown.key)
        return modal(
            self.title,
            [section(key_name(shown.key)), *self.draw(tx, shown, Asked(said, use))],
            callback_id=str(self.callback_id),
            submit=self.submit,
            close="Cancel",
            private_metadata=":".join([shown.key.id, str(shown.key.version), *(["warned"] if use else [])]),
        )


def read_metadata(metadata: str) -> tuple[str, int | None, frozenset[str]]:
    """The key's id, its version and the flags."""
    key_id, version, *flags = [*metadata.split(":"), ""]
    return key_id, number_in(version), frozenset(filter(None, flags))


def rename_inputs(_tx: Transaction, shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """A new name."""
    name = text_input(initial=plain(shown.key.name, limit=MAXIMUM_KEY_NAME), max_length=MAXIMUM_KEY_NAME)
    return [input_block("Name", name, block_id="name")]


def extend_inputs(tx: Transaction, shown: ShownKey, asked: Asked) -> Sequence[Block]:
    """A later last day, the one that was asked for proposed."""
    maximum, seconds = tx.policy.maximum_lifetime, number_in(asked.said)
    usual = min(max(shown.key.expires_at, tx.now) + tx.policy.default_lifetime, tx.now + maximum)
    start = usual if seconds is None else datetime.fromtimestamp(seconds, UTC)
    hint = f"It works until the end of that day. {maximum.days} days from today at most."
    return [input_block("Until", _date_picker(start, zone_of(tx)), block_id="until", hint=hint)]


def ask_extension_inputs(tx: Transaction, shown: ShownKey, asked: Asked) -> Sequence[Block]:
    """The same, with a reason for the owners."""
    why = _reason_input("Why do you need it longer? Owners will read this.")
    return [*extend_inputs(tx, shown, asked), why]


def decline_inputs(_tx: Transaction, shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """Why it gets no more time."""
    return [section(f"It ends on {day(shown.key.expires_at)}, as it would have."), _reason_input("Why?")]


def rotate_inputs(tx: Transaction, shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """How long the old key works on."""
    graces = [grace for grace in _GRACES if grace <= tx.policy.maximum_rotation_grace]
    default = min(graces, key=lambda grace: abs(grace - tx.policy.rotation_grace))
    select = static_select([option(_grace_words(grace), _value(grace)) for grace in graces], chosen=_value(default))
    collector = "you" if shown.key.holder_id == tx.actor.user_id else "who answers for it"
    explain = (
        f"A new secret takes its place, with the same scopes and the same expiry ({day(shown.key.expires_at)}). "
        f"It is handed to {collector}; the old one works until the grace period ends."
    )
    if asks_first(tx, shown.key):
        explain = (
            ":lock: Too few owners have approved this key for whoever would collect its new secret. Pressing "
            "*Rotate* asks them for a key that is like it. When that was collected, this one works until the grace "
            "period ends."
        )
    hint = "The grace period begins when the new secret is collected, and ends no later than the key expires."
    return [section(explain), input_block("The old one works for another", select, block_id="grace", hint=hint)]


def suspend_inputs(_tx: Transaction, _shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """Why it is to stop."""
    explain = "It stops working at once, and can be restored with one button. Owners hear if anything still uses it."
    return [section(explain), _reason_input("Why?")]


def revoke_inputs(_tx: Transaction, shown: ShownKey, asked: Asked) -> Sequence[Block]:
    """Why it is to end for good; with a warning when something used it lately."""
    why = _reason_input("Why?", initial=asked.said)
    if asked.use is None:
        words = last_used_words(shown.use)
        lately = words if words.startswith("never") else f"not used lately ({words})"
        return [section(f"It stops working at once and for good. It was {lately}."), why]
    suspend = button("Suspend instead", ActionId.KEY_SUSPEND, value_of(shown.key.id, shown.key.version))
    instead = [actions(suspend, block_id="instead")] if Change.SUSPEND in shown.allowed else []
    return [section(use_warning(asked.use)), *instead, why]


def transfer_inputs(_tx: Transaction, _shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """Who answers for it from now on."""
    select: Block = {"type": "users_select", "action_id": "value"}
    hint = "A full member. They are told, and whoever answers for it now is told too. The key works on unchanged."
    return [input_block("Who answers for it?", select, block_id="holder", hint=hint)]


def keep_inputs(tx: Transaction, _shown: ShownKey, _asked: Asked) -> Sequence[Block]:
    """Until when it is left out of digests, and why."""
    start = tx.now + min(timedelta(days=90), tx.policy.maximum_lifetime - timedelta(days=1))
    hint = "Until the end of that day, digests list it under what is kept, and policy leaves it alone."
    until = input_block("Keep until", _date_picker(start, zone_of(tx)), block_id="until", hint=hint)
    return [until, _reason_input("Why? The digest will say so.")]


def _date_picker(initial: datetime, zone: tzinfo) -> Block:
    """A datepicker that shows a day of the person's zone."""
    date = initial.astimezone(zone).date().isoformat()
    return {"type": "datepicker", "action_id": "value", "initial_date": date}


def _reason_input(label: str, *, initial: str = "") -> Block:
    element = text_input(initial=initial or None, multiline=True, max_length=MAXIMUM_REASON)
    return input_block(label, element, block_id="reason")


def _value(grace: timedelta) -> str:
    return str(int(grace.total_seconds()))


def _grace_words(grace: timedelta) -> str:
    return in_words(grace) if grace else "No time: it stops when the new one is collected"
