"""Dead letters: the card that owners see when a message could not be delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from desk.messages.dead_letters import find_dead
from desk.messages.outbox import is_set_aside
from desk.transaction import Transaction
from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Message,
    actions,
    actor_name,
    button,
    confirm,
    escape,
    mention,
    plain,
    section,
    when,
)
from handlers.slack.framework.error_codes import trouble_of
from storage.models import Channel, SlackMessage

_NOT_THERE = "Keydesk is not in that channel. Invite it with `/invite`, then press *Retry*."
_MISTAKE = "Slack refused the message itself. This is a mistake in Keydesk: please tell an operator."
_TROUBLES = {
    "channel_not_found": "The channel is gone, or it is private and Keydesk is not in it. Invite Keydesk with "
    "`/invite`, or correct the id and start Keydesk again.",
    "not_in_channel": "Keydesk is not in that channel. Invite it with `/invite`; it sees so within the hour.",
    "is_archived": "The channel is archived. Take it out of the archive, or name another and start Keydesk again.",
}
"""Why nothing can be posted to a channel that was set, and what to do."""
_NAMES = 5
_NEVER_FINISHED = "never_finished"
_REASONS = {
    "access_denied": "Slack denies Keydesk access to that conversation.",
    "channel_not_found": "The channel is gone, or it is private and Keydesk is not in it.",
    "not_in_channel": _NOT_THERE,
    "not_in_dm": _NOT_THERE,
    "is_archived": "The channel is archived.",
    "user_disabled": "That person's account is deactivated.",
    "user_not_found": "Slack knows nobody by that id.",
    "user_not_visible": "That person is not visible to Keydesk.",
    "is_inactive": "The channel is archived, frozen or deleted.",
    "no_permission": _NOT_THERE,
    "ekm_access_denied": "The workspace's administrators have stopped messages in that conversation.",
    "team_access_not_granted": "Keydesk is not allowed in the workspace that conversation belongs to.",
    "team_not_found": "The workspace that conversation belongs to is gone.",
    "channel_is_limited_access": "Only some people may see that channel, and Keydesk is none of them.",
    "method_not_supported_for_channel_type": "That kind of conversation takes no messages from apps.",
    "invalid_user_combination": "That person is of another organization, and shares no channel with Keydesk.",
    "thread_not_found": "The message below which it was to stand is gone.",
    "external_channel_migrating": "The channel was on its way to another workspace for about a day.",
    "message_limit_exceeded": "The workspace had reached its limit of messages for about a day.",
    "update_failed": "Slack failed to change the message, several times.",
    "cannot_dm_bot": "That is a bot, which takes no messages.",
    "messages_tab_disabled": "Keydesk may send no direct messages: its Messages tab is switched off in Slack.",
    "timeout": "Slack did not answer for about a day.",
    "unreachable": "Slack could not be reached for about a day.",
    "connection_lost": "The connection to Slack broke each time, for about a day.",
}
_STATUSPAGE_REASONS = {
    "timeout": "Statuspage did not answer for about a day.",
    "unreachable": "Statuspage could not be reached for about a day.",
    "connection_lost": "The connection to Statuspage broke each time, for about a day.",
    "not_understood": "Statuspage answered several times what nobody understands.",
    "incident_not_there": "Statuspage does not have the incident itself: see what it said to that.",
    "update_not_there": "Statuspage does not have the update that it corrects.",
    "said_later": "Something newer was said meanwhile, behind which it would come.",
}


def reason_in_words(error: str, channel: Channel = Channel.SLACK) -> str:
    """Why a delivery failed, for owners, in mrkdwn; the error code is named where it may help an operator."""
    if error.startswith("not_drawn:"):
        reference = escape(error.partition(":")[2])
        return f"Keydesk could not write the message. Tell an operator the reference `{reference}`."
    if error == _NEVER_FINISHED:
        return "Keydesk stopped each time while it was sending this."
    if channel is Channel.ATLASSIAN:
        return _reason_of_statuspage(error)
    if channel is not Channel.SLACK:
        return f"The other side said `{escape(error)}`."
    if error in _REASONS:
        return _REASONS[error]
    if error.startswith("restricted_action"):
        return f"The channel's settings do not let Keydesk post there (`{escape(error)}`)."
    if trouble_of(error) is Trouble.MESSAGE:
        return f"{_MISTAKE} (`{escape(error)}`)"
    if error.startswith("http_") or error in {"internal_error", "fatal_error", "service_unavailable"}:
        return f"Slack was unwell for about a day (`{escape(error)}`)."
    return f"Slack said `{escape(error)}`."


def _reason_of_statuspage(error: str) -> str:
    if error in _STATUSPAGE_REASONS:
        return _STATUSPAGE_REASONS[error]
    if error.startswith("http_5"):
        return f"Statuspage was unwell for about a day (`{escape(error)}`)."
    if error.startswith("http_"):
        return f"Statuspage answered `{escape(error)}`, and not why."
    return f"It said: “{escape(plain(error, limit=500))}”"


def place_in_words(channel: Channel, lane: str) -> str:
    """Where a delivery was to go, in mrkdwn."""
    if channel is Channel.ATLASSIAN:
        return f"Statuspage (`{escape(lane)}`)"
    if channel is not Channel.SLACK:
        return f"`{escape(lane)}` ({channel})"
    if lane.startswith(("U", "W")):
        return f"the direct messages of {mention(lane)}"
    return f"<#{lane}>"


def render_dead_letter(tx: Transaction, card: SlackMessage) -> Message:
    """The card at this moment: what, where and why with buttons, or who settled it."""
    channel = Channel(card.facts["channel"])
    where = place_in_words(channel, card.facts["lane"])
    letter = find_dead(tx, card.subject_id)
    if letter is None:
        return _settled(where, card.facts, failed_again=is_set_aside(card))
    title = "A message could not be delivered"
    text = f":envelope: *{title}* to {where}.\n{reason_in_words(letter.error, channel)}"
    if card.facts.get("what"):
        text += f"\n> {escape(plain(' '.join(str(card.facts['what']).split()), limit=500))}"
    drop = confirm("Drop the message?", f"Nobody in {where} will learn what it says.", "Drop it", danger=True)
    buttons = actions(
        button("Retry", ActionId.DELIVERY_RETRY, value_of(card.subject_id), style="primary"),
        button("Drop", ActionId.DELIVERY_DROP, value_of(card.subject_id), ask=drop),
    )
    what = escape(plain(" ".join(str(card.facts.get("what") or "").split()), limit=500))
    return Message(f"{title} to {where}{f': {what}' if what else ''}", [section(text), buttons])


def render_channel_trouble(_tx: Transaction, card: SlackMessage) -> Message:
    """A channel that takes no messages: what names it, why, and what to do; or that it is over."""
    where, names = f"<#{card.subject_id.partition(':')[0]}>", escape(_listed(card.facts["names"]))
    error = card.facts["error"]
    if is_set_aside(card) and error:
        return _plain(f":envelope: Keydesk could not post to {where}; there is a newer message about it.")
    if error is None:
        over = f"Keydesk can post to {where} again" if names else f"Nothing names {where} for Keydesk any more"
        return _plain(f":white_check_mark: {over}.")
    why = _TROUBLES.get(error)
    why = why or f"{reason_in_words(error)} Name another channel there, and start Keydesk again."
    return _plain(f":warning: Keydesk cannot post to {where} ({names}). {why}")


def render_outcome(_tx: Transaction, note: SlackMessage) -> Message:
    """What became of a change of which nobody knew."""
    shown = escape(plain(" ".join(str(note.facts.get("what") or "").split()), limit=200)) or "What you clicked"
    unknown = "A moment ago nobody knew whether this was done."
    if note.facts.get("done"):
        return _plain(f":white_check_mark: {unknown} It was: {shown}")
    return _plain(f":warning: {unknown} It was not, please do it again: {shown}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name, limit=120) for name in names[:_NAMES])
    return shown if len(names) <= _NAMES else f"{shown} and {len(names) - _NAMES} more"


def _plain(text: str) -> Message:
    return Message(text, [section(text)])


def _settled(where: str, facts: Mapping[str, Any], *, failed_again: bool) -> Message:
    who = actor_name(str(facts.get("by") or "")) if facts.get("by") else ""
    at = f" {when(datetime.fromisoformat(str(facts['at'])))}" if facts.get("at") else ""
    match facts.get("settled"):
        case "retried":
            outcome = f":hourglass_flowing_sand: {who} let it be tried again{at}."
        case "dropped":
            outcome = f":wastebasket: {who} dropped it{at}."
        case "said already":
            outcome = ":white_check_mark: It need not go there any more: it is told elsewhere."
        case "readdressed":
            to = ", ".join(place_in_words(Channel.SLACK, str(place)) for place in facts.get("to", ()))
            outcome = f":hourglass_flowing_sand: Keydesk sent it on to {to}, where it is told now{at}."
        case _ if who:
            outcome = f":white_check_mark: Delivered after all{at}, on {who}'s word."
        case _:
            outcome = f":white_check_mark: Delivered after all{at}."
    if failed_again:
        outcome += " It failed again: see the newer message."
    title = "A message could not be delivered at first"
    return Message(f"{title} to {where}. {outcome}", [section(f"*{title}* to {where}.\n{outcome}")])
