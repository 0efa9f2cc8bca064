"""Submitted modals of keys: one change each, and the key as it is then."""

from collections.abc import Callable

from desk.keys.changes import extend_key, rename_key, revoke_key, suspend_key, transfer_key
from desk.keys.details import get_key_details, show_key
from desk.keys.questions import ask_for_extension, keep_key
from desk.keys.refusals import RecentlyUsedError
from desk.keys.rotation import begin_rotation
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.action_ids import CallbackId
from handlers.slack.blocks import Block, day, mention, modal
from handlers.slack.incoming import Answer, Front, Submission
from handlers.slack.keys.forms import end_of_day, grace_from, read_metadata, revoke_form
from handlers.slack.keys.messages import details_modal, handed_over_message

Change = Callable[[Transaction, str, int | None], str]
"""Makes the change of a key at a version, and says in words what was done."""


async def submit_rename(front: Front, submission: Submission) -> Answer:
    """A new name."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        rename_key(tx, key_id, submission.text("name"), version=version)
        return "Renamed."

    return await _submit(front, submission, change)


async def submit_extend(front: Front, submission: Submission) -> Answer:
    """A later last day; or, from a holder, the question to owners."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        until = end_of_day(submission.choice("until"), tx.policy)
        if roles_of_actor(tx).is_owner:
            extend_key(tx, key_id, until, version=version)
            return f"Extended: it works until {day(until)}."
        ask_for_extension(tx, key_id, until, reason=submission.text("reason"))
        return f"Owners were asked to extend it until {day(until)}."

    return await _submit(front, submission, change)


async def submit_suspend(front: Front, submission: Submission) -> Answer:
    """Why it is suspended."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        suspend_key(tx, key_id, reason=submission.text("reason"), version=version)
        return "Suspended: it does not work until it is restored."

    return await _submit(front, submission, change)


async def submit_revoke(front: Front, submission: Submission) -> Answer:
    """Why it is revoked. When something began to use it since the modal was drawn, the warning comes first."""
    key_id, _, flags = read_metadata(submission.private_metadata)
    reason = submission.text("reason")

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        revoke_key(tx, key_id, reason=reason, version=version, warn="warned" not in flags)
        return "Revoked, for good."

    try:
        return await _submit(front, submission, change)
    except RecentlyUsedError as warning:
        use = warning.use
    view = await front.desk.read(submission.actor, lambda tx: revoke_form(show_key(tx, key_id), use, reason=reason))
    return Answer(view=view)


async def submit_transfer(front: Front, submission: Submission) -> Answer:
    """Who answers for it from now on."""
    to = submission.choice("holder") or ""
    if to:
        await front.ensure_known(front.client, front.desk, to)

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        transfer_key(tx, key_id, to, version=version)
        return f"{mention(to)} answers for it now."

    return await _submit(front, submission, change)


async def submit_keep(front: Front, submission: Submission) -> Answer:
    """Until when it is kept, and why."""

    def change(tx: Transaction, key_id: str, version: int | None) -> str:
        until = end_of_day(submission.choice("until"), tx.policy)
        keep_key(tx, key_id, until, submission.text("reason"), version=version)
        return f"Kept until {day(until)}; digests will say so."

    return await _submit(front, submission, change)


async def submit_rotate(front: Front, submission: Submission) -> Answer:
    """The grace period: the collector gets *Collect*, here when they are the one who asked."""
    key_id, version, _ = read_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        ticket = begin_rotation(tx, key_id, grace_from(submission.choice("grace")), version=version)
        mine = ticket.collector_id == submission.user_id
        message = handed_over_message(show_key(tx, key_id), ticket.collector_id, ticket.id, is_collector=mine)
        return modal("Rotate key", message.blocks, callback_id=str(CallbackId.NOTICE))

    return Answer(view=await front.desk.write(submission.actor, work))


async def _submit(front: Front, submission: Submission, change: Change) -> Answer:
    key_id, version, _ = read_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        done = change(tx, key_id, version)
        return details_modal(get_key_details(tx, key_id), done=done)

    return Answer(view=await front.desk.write(submission.actor, work))
