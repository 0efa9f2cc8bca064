"""The owners' card of somebody who left: the keys they answered for, and what became of each."""

from collections.abc import Sequence

from desk.directory.leavers import LeftKeys, get_left_keys
from desk.durations import ago
from desk.keys.restrictions import restrictions_in_short
from desk.keys.rules import KeyState, is_retiring, state_of
from desk.pages.pages import page_names
from desk.people import Standing, member_name, standing_of
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    day,
    fit,
    header,
    mention,
    plain,
    section,
)
from handlers.slack.roles.replies import cut_sheet
from handlers.slack.roles.text import STANDINGS, count, shown, shown_bold
from storage.models import ApiKey, Departure, KeyUse, Member, SlackMessage

ON_CARD = 12
_SETTLED = 1900
"""Characters for what is dealt with."""
_NAME, _PAGES = 80, 120


def render_leaver(tx: Transaction, message: SlackMessage) -> Message:
    """The card as things stand: the first keys that wait with their buttons, and what became of the others."""
    departure = tx.session.get_one(Departure, message.subject_id)
    keys = get_left_keys(tx, departure)
    is_back = departure.returned_at is not None
    left = "left Slack and came back" if is_back else "left Slack"
    blocks = [header(f"{plain(member_name(tx.session, departure.user_id), limit=100)} {left}")]
    blocks.append(section(_summary(tx, departure, keys)))
    for key in keys.waiting[:ON_CARD]:
        blocks += key_blocks(tx, key)
    if len(keys.waiting) > ON_CARD:
        rest = button(f"Show the other {len(keys.waiting) - ON_CARD}", ActionId.LEAVER_KEYS, f"{departure.id}:1")
        blocks.append(actions(rest))
    if keys.settled:
        blocks.append(context(_settled_text(tx, departure, keys.settled)))
    told = f"{shown(member_name(tx.session, departure.user_id), _NAME)} {left}"
    of = f"{len(keys.waiting)} of their {count(len(departure.key_ids), 'key')}"
    dealt_with = "nothing waits for owners" if is_back else "every key of theirs is dealt with"
    asked = f"{of} wait for somebody to answer for them" if keys.waiting else dealt_with
    return Message(f"{told}: {asked}", blocks)


def leaver_sheet(tx: Transaction, departure_id: str, number: int) -> Message:
    """The keys that still wait, a sheet at a time, for one owner's eyes."""
    departure = tx.session.get(Departure, departure_id)
    waiting = get_left_keys(tx, departure).waiting if departure else []
    items, number, sheets = cut_sheet(waiting, number, ON_CARD)
    if departure is None or not items:
        text = "Every key of theirs is dealt with."
        return Message(text, [section(f":white_check_mark: {text}")], replaces=True)
    name = shown(member_name(tx.session, departure.user_id), _NAME)
    blocks: list[Block] = [context(f"Keys that {name} answered for: sheet {number + 1} of {sheets}")]
    for key in items:
        blocks += key_blocks(tx, key)
    turning = []
    if number > 0:
        turning.append(button("Previous", ActionId.LEAVER_PREVIOUS, f"{departure.id}:{number - 1}"))
    if number < sheets - 1:
        turning.append(button("Next", ActionId.LEAVER_NEXT, f"{departure.id}:{number + 1}"))
    if turning:
        blocks.append(actions(*turning))
    return Message(f"{count(len(waiting), 'key')} of {name} wait for somebody", blocks, replaces=True)


def _summary(tx: Transaction, departure: Departure, keys: LeftKeys) -> str:
    done = []
    if departure.roles_ended:
        done.append(f"{count(departure.roles_ended, 'grant')} ended")
    if departure.requests_withdrawn:
        done.append(f"{count(departure.requests_withdrawn, 'open request')} withdrawn")
    text = f"{mention(departure.user_id)} was deactivated on {day(departure.left_at)}."
    if done:
        text += f" At once: {' and '.join(done)}."
    if departure.returned_at is not None:
        text += f"\n:wave: {_back_words(tx, departure, keys)}"
    if keys.waiting:
        one = len(keys.waiting) == 1
        works, them = ("goes on working", "it") if one else ("go on working", "them")
        number = count(len(keys.waiting), "key")
        text += f"\n*{number} of theirs {works}. Who answers for {them} from now on?*"
    elif departure.key_ids and not _answered(tx, departure, keys):
        text += "\n:white_check_mark: Every key that they answered for is dealt with."
    elif not departure.key_ids:
        text += "\nThey answered for no key."
    return text


def _back_words(tx: Transaction, departure: Departure, keys: LeftKeys) -> str:
    """What somebody who came back is now, and for how many of their keys they answer."""
    member, since = tx.session.get(Member, departure.user_id), day(departure.returned_at or departure.left_at)
    standing = standing_of(member) if member else Standing.DELETED
    if standing is Standing.DELETED:
        return f"They came back on {since}, and have left again."
    if standing is not Standing.MEMBER:
        return f"They are back since {since}, and are {STANDINGS[standing]} now."
    answered, number = len(_answered(tx, departure, keys)), len(departure.key_ids)
    if not answered:
        return f"They are back since {since}."
    which = "their keys" if answered == number else f"{answered} of their {number} keys"
    return f"They are back since {since} and answer for {which} again."


def _answered(tx: Transaction, departure: Departure, keys: LeftKeys) -> Sequence[ApiKey]:
    """The keys for which they still, or again, answer."""
    live = {KeyState.ACTIVE, KeyState.SUSPENDED}
    return [key for key in keys.settled if key.holder_id == departure.user_id and state_of(key, tx.now) in live]


def key_blocks(tx: Transaction, key: ApiKey) -> Sequence[Block]:
    """One key that waits for somebody to answer for it."""
    value = value_of(key.id, key.version)
    transfer = button("Transfer to…", ActionId.KEY_TRANSFER, value, style="primary")
    rotate = button("Rotate…", ActionId.KEY_ROTATE, value)
    revoke = button("Revoke…", ActionId.KEY_REVOKE, value, style="danger")
    offered = [transfer, rotate, revoke] if state_of(key, tx.now) is KeyState.ACTIVE else [transfer, revoke]
    return section(_key_text(tx, key)), actions(*offered, block_id=f"key:{key.id}")


def _key_text(tx: Transaction, key: ApiKey) -> str:
    use = tx.session.get(KeyUse, key.id)
    used = f"last used {ago(tx.now - use.last_used_at)}" if use and use.last_used_at else "never used"
    pages = shown(page_names(tx.session, key.pages), _PAGES)
    state = ", *suspended*" if state_of(key, tx.now) is KeyState.SUSPENDED else ""
    scopes = " ".join(f"`{scope}`" for scope in key.scopes)
    narrower = "".join(f", {words}" for words in restrictions_in_short(key.components, key.networks))
    return f"{_name(key)}{state}\n{scopes} on {pages}{narrower} · {used} · expires {day(key.expires_at)}"


def _name(key: ApiKey) -> str:
    return f"{shown_bold(key.name, _NAME)}  `{key.start}…`"


def _settled_text(tx: Transaction, departure: Departure, keys: Sequence[ApiKey]) -> str:
    return "\n".join(fit([f"{_name(key)}: {_outcome(tx, departure, key)}" for key in keys], _SETTLED))


def _outcome(tx: Transaction, departure: Departure, key: ApiKey) -> str:
    state = state_of(key, tx.now)
    if state is KeyState.REVOKED:
        return f"revoked by {actor_name(key.revoked_by)}" if key.revoked_by else "rotated"
    if state is KeyState.EXPIRED:
        return "expired"
    if is_retiring(key, tx.now) and key.retires_at is not None:
        return f"rotated, works until {day(key.retires_at)}"
    return f"{mention(key.holder_id)} answers for it"
