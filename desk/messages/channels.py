"""The channels that settings and pages name, and what is told of those in which Keydesk cannot post."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from desk.messages.outbox import is_set_aside, list_cards, owners_conversations, refresh_card, send_card, set_aside
from desk.pages.pages import lock_organization
from desk.permissions import Duty, list_owner_ids, require_duty, require_insider
from desk.transaction import Transaction
from storage.models import Page, SlackMessage

CHANNEL_TROUBLE = "channel.trouble"
"""The owners' card of a channel that takes no messages; the subject is the channel. Facts: `names`, what names it,
and `error`, Slack's word: None once it takes messages, or nothing names it any more."""


def list_named_channels(tx: Transaction) -> Mapping[str, Sequence[str]]:
    """Every channel that settings and pages name, with what names it."""
    require_insider(tx)
    policy = tx.policy
    pages = tx.session.execute(select(Page.announcement_channel, Page.name).order_by(Page.name)).all()
    named = [
        (policy.owners_channel, "KEYDESK_OWNERS_CHANNEL"),
        (policy.digest_channel, "KEYDESK_DIGEST_CHANNEL"),
        (policy.announcement_channel, "KEYDESK_ANNOUNCEMENT_CHANNEL"),
        *((channel, f"announcement_channel of the page “{name}”") for channel, name in pages),
    ]
    channels = dict.fromkeys(channel for channel, _ in named if channel)
    return {channel: [name for named_one, name in named if named_one == channel] for channel in channels}


def list_channel_troubles(tx: Transaction) -> Sequence[str]:
    """Which channels take no messages, by what names them, and what Slack says of each."""
    require_insider(tx)
    cards = tx.session.scalars(select(SlackMessage).where(SlackMessage.kind == CHANNEL_TROUBLE)).all()
    troubles = {card.subject_id: card.facts for card in cards if not is_set_aside(card) and card.facts["error"]}
    return [f"{', '.join(facts['names'])}: {facts['error']}" for _, facts in sorted(troubles.items())]


def note_channels(tx: Transaction, found: Mapping[str, str | None]) -> None:
    """Keep what Slack says of channels: an error, or None for one that takes messages.

    Owners are told of each trouble once, somewhere else than in the channel that has it.
    """
    require_duty(tx, Duty.DIRECTORY)
    # Replicas that start together look together, and owners hear it from one of them.
    lock_organization(tx.session)
    named = list_named_channels(tx)
    for channel, error in found.items():
        if channel in named:
            _note(tx, channel, named[channel], error)
    cards = tx.session.scalars(select(SlackMessage).where(SlackMessage.kind == CHANNEL_TROUBLE)).all()
    for channel in sorted({card.subject_id for card in cards if not is_set_aside(card)}):
        if channel not in named:
            _note(tx, channel, [], None)


def _note(tx: Transaction, channel: str, names: Sequence[str], error: str | None) -> None:
    cards = list_cards(tx, CHANNEL_TROUBLE, channel)
    if error == (cards[-1].facts["error"] if cards else None):
        return
    if error is None:
        for card in cards:
            card.facts = {"names": list(names), "error": None}
        refresh_card(tx, CHANNEL_TROUBLE, channel)
        return
    set_aside(tx, CHANNEL_TROUBLE, channel)
    others = [place for place in owners_conversations(tx) if place != channel]
    send_card(tx, CHANNEL_TROUBLE, channel, others or list_owner_ids(tx), names=list(names), error=error)
