"""The modals in which keys are changed: drawn, and submitted. Their inputs' block ids are the fields that refusals
name."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from desk.durations import in_words
from desk.errors import InvalidInputError
from desk.keys.changes import (
    MAXIMUM_NAME,
    MAXIMUM_REASON,
    extend_key,
    rename_key,
    revoke_key,
    suspend_key,
    transfer_key,
)
from desk.keys.details import ShownKey, get_key_details, show_key
from desk.keys.questions import ask_for_extension, keep_key
from desk.keys.refusals import RecentlyUsedError, RecentUse
from desk.keys.rotation import begin_rotation
from desk.keys.rules import Change
from desk.permissions import roles_of_actor
from desk.policy import Policy
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    button,
    day,
    input_block,
    mention,
    modal,
    option,
    plain,
    section,
    text_input,
)
from handlers.slack.framework.payloads import Answer, SlackContext, ViewSubmission
from handlers.slack.keys.replies import details_modal, handed_over_message
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


def metadata_of(key: ApiKey, *flags: str) -> str:
    """What a modal knows of its key: id, the version that it shows, and flags."""
    return ":".join([key.id, str(key.version), *flags])


def read_metadata(metadata: str) -> tuple[str, int | None, frozenset[str]]:
    """The key's id, its version and the flags."""
    key_id, version, *flags = [*metadata.split(":"), ""]
    return key_id, number_in(version), frozenset(filter(None, flags))


def rename_form(shown: ShownKey) -> Block:
    """A new name."""
    name = text_input(initial=plain(shown.key.name, limit=MAXIMUM_NAME), max_length=MAXIMUM_NAME)
    return _form(shown, "Rename key", "Rename", CallbackId.KEY_RENAME, input_block("Name", name, block_id="name"))


def extend_form(shown: ShownKey, policy: Policy, now: datetime, *, until: datetime | None = None) -> Block:
    """A later last day, `until` proposed; for those who may only ask, with a reason for the owners."""
    latest = now + policy.maximum_lifetime
    start = until or min(max(shown.key.expires_at, now) + policy.default_lifetime, latest)
    hint = f"It works until the end of that day. {policy.maximum_lifetime.days} days from today at most."
    picker = input_block("Until", date_picker(start, policy), block_id="until", hint=hint)
    if Change.EXTEND in shown.allowed:
        return _form(shown, "Extend key", "Extend", CallbackId.KEY_EXTEND, picker)
    why = _reason_input("Why do you need it longer? Owners will read this.")
    return _form(shown, "Ask for more time", "Ask owners", CallbackId.KEY_EXTEND, picker, why)


def rotate_form(shown: ShownKey, policy: Policy, user_id: str) -> Block:
    """How long the old key works on."""
    graces = [grace for grace in _GRACES if grace <= policy.maximum_rotation_grace]
    default = min(graces, key=lambda grace: abs(grace - policy.rotation_grace))
    options = [option(_grace_words(grace), _grace_value(grace)) for grace in graces]
    select: Block = {
        "type": "static_select",
        "action_id": "value",
        "options": options,
        "initial_option": options[graces.index(default)],
    }
    collector = "you" if shown.key.holder_id == user_id else "who answers for it"
    explain = (
        f"A new secret takes its place, with the same scopes and the same expiry ({day(shown.key.expires_at)}). "
        f"It is handed to {collector}; the old one works until the grace period ends."
    )
    hint = "The grace period begins when the new secret is collected, and ends no later than the key expires."
    choice = input_block("The old one works for another", select, block_id="grace", hint=hint)
    return _form(shown, "Rotate key", "Rotate", CallbackId.KEY_ROTATE, section(explain), choice)


def suspend_form(shown: ShownKey) -> Block:
    """Why it is to stop."""
    explain = "It stops working at once, and can be restored with one button. Owners hear if anything still uses it."
    why = _reason_input("Why?")
    return _form(shown, "Suspend key", "Suspend", CallbackId.KEY_SUSPEND, section(explain), why)


def revoke_form(shown: ShownKey, use: RecentUse | None, *, reason: str = "") -> Block:
    """Why it is to end for good; with a warning when something used it lately."""
    flags = ["warned"] if use is not None else []
    blocks: list[Block] = []
    if use is not None:
        blocks.append(section(use_warning(use)))
        if Change.SUSPEND in shown.allowed:
            suspend = button("Suspend instead", str(ActionId.KEY_SUSPEND), value_of(shown.key.id, shown.key.version))
            blocks.append(actions(suspend, block_id="instead"))
    else:
        blocks.append(section(f"It stops working at once and for good. It was {_not_lately(shown)}."))
    blocks.append(_reason_input("Why?", initial=reason))
    return _form(shown, "Revoke key", "Revoke", CallbackId.KEY_REVOKE, *blocks, flags=flags)


def transfer_form(shown: ShownKey) -> Block:
    """Who answers for it from now on."""
    select: Block = {"type": "users_select", "action_id": "value"}
    hint = "A full member. They are told, and whoever answers for it now is told too. The key works on unchanged."
    holder = input_block("Who answers for it?", select, block_id="holder", hint=hint)
    return _form(shown, "Transfer key", "Transfer", CallbackId.KEY_TRANSFER, holder)


def keep_form(shown: ShownKey, policy: Policy, now: datetime) -> Block:
    """Until when it is left out of digests, and why."""
    start = now + min(timedelta(days=90), policy.maximum_lifetime - timedelta(days=1))
    hint = "Until the end of that day, digests list it under what is kept, and policy leaves it alone."
    until = input_block("Keep until", date_picker(start, policy), block_id="until", hint=hint)
    why = _reason_input("Why? The digest will say so.")
    return _form(shown, "Keep key", "Keep", CallbackId.KEY_KEEP, until, why)


def end_of_day(date: str | None, policy: Policy) -> datetime:
    """The last minute of a day that was picked, in the organization's zone. Raises InvalidInputError (`until`)."""
    try:
        picked = datetime.strptime(date or "", "%Y-%m-%d").date()  # noqa: DTZ007 - the zone follows
    except ValueError:
        raise InvalidInputError("Choose a day.", field="until") from None
    return datetime.combine(picked, time(23, 59), tzinfo=policy.time_zone).astimezone(UTC)


def grace_from(value: str | None) -> timedelta:
    """The grace period that was chosen. Raises InvalidInputError (`grace`)."""
    seconds = number_in(value or "")
    if seconds is None:
        raise InvalidInputError("Choose how long the old key works on.", field="grace")
    return timedelta(seconds=seconds)


def date_picker(initial: datetime, policy: Policy) -> Block:
    """A datepicker that shows a day of the organization's zone."""
    date = initial.astimezone(policy.time_zone).date().isoformat()
    return {"type": "datepicker", "action_id": "value", "initial_date": date}


def _form(
    shown: ShownKey, title: str, submit: str, callback_id: CallbackId, *blocks: Block, flags: list[str] | None = None
) -> Block:
    metadata = metadata_of(shown.key, *(flags or []))
    body = [section(key_name(shown.key)), *blocks]
    return modal(title, body, callback_id=str(callback_id), submit=submit, close="Cancel", private_metadata=metadata)


def _reason_input(label: str, *, initial: str = "") -> Block:
    element = text_input(initial=initial or None, multiline=True, max_length=MAXIMUM_REASON)
    return input_block(label, element, block_id="reason")


def _grace_value(grace: timedelta) -> str:
    return str(int(grace.total_seconds()))


def _grace_words(grace: timedelta) -> str:
    return in_words(grace) if grace else "No time: it stops when the new one is collected"


def _not_lately(shown: ShownKey) -> str:
    words = last_used_words(shown.use)
    return words if words.startswith("never") else f"not used lately ({words})"


Work = Callable[[Transaction, str, int | None], str]
"""Makes the change of a key at a version, and says in words what was done."""


async def submit_rename(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """A new name."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        rename_key(tx, key_id, submission.text("name"), version=version)
        return "Renamed."

    return await _submit(slack, submission, change)


async def submit_extend(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """A later last day; or, from a holder, the question to owners."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        until = end_of_day(submission.choice("until"), tx.policy)
        if roles_of_actor(tx).is_owner:
            extend_key(tx, key_id, until, version=version)
            return f"Extended: it works until {day(until)}."
        ask_for_extension(tx, key_id, until, reason=submission.text("reason"))
        return f"Owners were asked to extend it until {day(until)}."

    return await _submit(slack, submission, change)


async def submit_suspend(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """Why it is suspended."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        suspend_key(tx, key_id, reason=submission.text("reason"), version=version)
        return "Suspended: it does not work until it is restored."

    return await _submit(slack, submission, change)


async def submit_revoke(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """Why it is revoked. When something began to use it since the modal was drawn, the warning comes first."""
    key_id, _, flags = read_metadata(submission.private_metadata)
    reason = submission.text("reason")

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        revoke_key(tx, key_id, reason=reason, version=version, warn="warned" not in flags)
        return "Revoked, for good."

    try:
        return await _submit(slack, submission, change)
    except RecentlyUsedError as warning:
        use = warning.use
    view = await slack.desk.read(submission.actor, lambda tx: revoke_form(show_key(tx, key_id), use, reason=reason))
    return Answer(view=view)


async def submit_transfer(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """Who answers for it from now on."""
    to = submission.choice("holder") or ""
    if to:
        await slack.ensure_known(slack.client, slack.desk, to)

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        transfer_key(tx, key_id, to, version=version)
        return f"{mention(to)} answers for it now."

    return await _submit(slack, submission, change)


async def submit_keep(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """Until when it is kept, and why."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        until = end_of_day(submission.choice("until"), tx.policy)
        keep_key(tx, key_id, until, submission.text("reason"), version=version)
        return f"Kept until {day(until)}; digests will say so."

    return await _submit(slack, submission, change)


async def submit_rotate(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The grace period: the collector gets *Collect*, here when they are the one who asked."""
    key_id, version, _ = read_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        ticket = begin_rotation(tx, key_id, grace_from(submission.choice("grace")), version=version)
        mine = ticket.collector_id == submission.user_id
        message = handed_over_message(show_key(tx, key_id), ticket.collector_id, ticket.id, is_collector=mine)
        return modal("Rotate key", message.blocks, callback_id=str(CallbackId.NOTICE))

    return Answer(view=await slack.desk.write(submission.actor, work))


async def _submit(slack: SlackContext, submission: ViewSubmission, change: Work) -> Answer:
    key_id, version, _ = read_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        done = change(tx, key_id, version)
        return details_modal(get_key_details(tx, key_id), done=done)

    return Answer(view=await slack.desk.write(submission.actor, work))
