"""What people and owners are told of roles, people and groups: one function per note."""

import re
from collections.abc import Mapping
from typing import Any

from desk.commands import slash
from desk.people import Standing, Subject, group_name, member_name, standing_of
from desk.roles.lists import ALLOWS, Remains, list_grants, page_name, read_remains
from desk.transaction import Transaction
from handlers.slack.framework.blocks import MAX_SECTION_TEXT, Message, actor_name, context, mention, section, trim
from handlers.slack.roles.text import (
    STANDINGS,
    count,
    end_text,
    reason_text,
    role_text,
    shown,
    shown_bold,
    source_text,
    subject_text,
)
from storage.models import Grant, Member, Role, SlackMessage, SubjectKind

_WAYS_SHOWN = 5
_SIGN = re.compile(r"\A:[a-z_]+: ")


def _subject_id(message: SlackMessage) -> str:
    # A note's subject is the id of what it is about, and a number of its own.
    return message.subject_id.partition(":")[0]


def _grant(tx: Transaction, message: SlackMessage) -> Grant:
    return tx.session.get_one(Grant, _subject_id(message))


def _who(tx: Transaction, grant: Grant) -> Subject:
    kind = SubjectKind(grant.subject_kind)
    name = group_name if kind == SubjectKind.GROUP else member_name
    return Subject(kind, grant.subject_id, name(tx.session, grant.subject_id))


def _said(text: str, hint: str = "") -> Message:
    """A note whose sentence is also what phones and screen readers give, without the sign before it."""
    return Message(
        trim(_SIGN.sub("", text), limit=MAX_SECTION_TEXT), [section(text), *([context(hint)] if hint else [])]
    )


def _by(facts: Mapping[str, Any]) -> str:
    return actor_name(facts.get("by"))


def render_granted(tx: Transaction, message: SlackMessage) -> Message:
    """To the person: you have a role now."""
    grant = _grant(tx, message)
    what = f"{role_text(grant.role, page_name(tx, grant))} {end_text(grant.expires_at)}"
    text = f":key: You are now {what}, says {_by(message.facts)}{reason_text(grant.reason)}."
    hint = f"This role {ALLOWS[Role(grant.role)]}. See your roles with `{slash('roles list me')}`."
    return _said(text, hint)


def render_ended(tx: Transaction, message: SlackMessage) -> Message:
    """To the person: a role of yours is over or, where they have it by another way as well, a grant of it."""
    grant = _grant(tx, message)
    what, remains = role_text(grant.role, page_name(tx, grant)), read_remains(tx, grant)
    expired = message.facts.get("how") == "expired"
    if remains.lost_nothing:
        ended = "has run out" if expired else f"was ended by {_by(message.facts)}"
        text = f":information_source: A grant that made you {what} {ended}. You still are: {_ways(grant, remains)}."
        return _said(text, f"`{slash('roles list me')}` shows what you have.")
    if expired:
        text = f":hourglass: Your time as {what} is over."
    else:
        text = f":no_entry_sign: {_by(message.facts)} ended your role as {what}."
    if remains.partly:
        text += f" You still have it: {_ways(grant, remains)}."
    shows = f"`{slash('roles list me')}` shows what you still have"
    hint = f"Keys that you answer for work on. {shows}; owners can grant it again."
    return _said(text, hint)


def _ways(ended: Grant, remains: Remains) -> str:
    if remains.by_default:
        return "every full member is"
    ways = remains.wholly or remains.partly
    words = []
    for item in ways[:_WAYS_SHOWN]:
        above = "" if item.grant.role == ended.role else "as *owner*, "
        words.append(f"{above}{source_text(item)}")
    return "; ".join(words)


def render_owner_granted(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: there is a new one."""
    grant = _grant(tx, message)
    text = (
        f":crown: {_by(message.facts)} made {subject_text(_who(tx, grant))} *owner* "
        f"{end_text(grant.expires_at)}{reason_text(grant.reason)}."
    )
    return _said(text)


def render_owner_ended(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: there is one less or, where they are owner by another way as well, one grant less."""
    grant = _grant(tx, message)
    subject, remains = subject_text(_who(tx, grant)), read_remains(tx, grant)
    if message.facts.get("how") != "expired":
        text = f":crown: {_by(message.facts)} ended the grant by which {subject} was *owner*."
    elif remains.lost_nothing:
        text = f":crown: A grant by which {subject} was *owner* has run out."
    else:
        text = f":crown: The time of {subject} as *owner* is over."
    if remains.lost_nothing:
        text += f" They still are: {_ways(grant, remains)}."
    return _said(text)


_WHY_APPOINTED = {
    "settings": "named in Keydesk's settings as first owners",
    "workspace": "owners of this Slack workspace, and so the first owners of Keydesk",
    "vacant": "owners now because Slack took everybody who was owner for good",
    "last": "owners for good now because nobody else is left",
}


def render_owners_appointed(_tx: Transaction, message: SlackMessage) -> Message:
    """To new owners and the owners' channel: who is owner now, and why."""
    owners = [str(owner) for owner in message.facts["owners"]]
    why = _WHY_APPOINTED[str(message.facts["why"])]
    if message.conversation in owners:
        others = [mention(owner) for owner in owners if owner != message.conversation][:20]
        together = f", together with {', '.join(others)}" if others else ""
        text = f":crown: You are an *owner* of Keydesk{together}: {why}."
    else:
        text = f":crown: {', '.join(mention(owner) for owner in owners[:20])}: {why}."
    hint = f"Owners decide on key requests and grant roles: `{slash('roles help')}`, `{slash('keys help')}`."
    return _said(text, hint)


def render_no_owner_left(_tx: Transaction, _message: SlackMessage) -> Message:
    """To the owners' channel: nobody is left."""
    text = (
        ":rotating_light: *Keydesk has no owner.* Slack deactivated the last one or made them a guest, and the "
        "workspace has no owner of its own whom I could ask. Key requests wait until there is one."
    )
    hint = "An operator can appoint one on the machine: `keydesk roles grant @somebody owner`"
    return _said(text, hint)


def render_returned(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: somebody is back, without the roles they had."""
    user_id = _subject_id(message)
    ended = int(message.facts.get("roles_ended") or 0)
    person = Subject(SubjectKind.USER, user_id, member_name(tx.session, user_id))
    holding = list_grants(tx, subject=person)
    text = f":wave: {mention(user_id)} is active in Slack again."
    if ended:
        text += f" {count(ended, 'grant')} ended when they left; nothing comes back by itself."
    member = tx.session.get(Member, user_id)
    if member is not None and standing_of(member) is not Standing.MEMBER:
        text += f" They are {STANDINGS[standing_of(member)]} now, so no grant counts."
    elif holding:
        roles = ", ".join(role_text(item.grant.role, item.page_name) for item in holding[:10])
        text += f" Through user groups they have: {roles}."
    return _said(text, f"Grant anew what they need: `{slash('roles grant')}`")


def render_standing_changed(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: somebody with roles or keys is a guest now, or a full member again."""
    user_id = _subject_id(message)
    before, after = Standing(message.facts["before"]), Standing(message.facts["after"])
    text = f":bust_in_silhouette: {mention(user_id)} was {STANDINGS[before]} and is {STANDINGS[after]} now."
    if after is Standing.MEMBER:
        text += " Their grants count again."
    else:
        text += " Their grants don't count any more while that is so. Keys that they answer for work on."
    return _said(text, f"See `{slash('roles list')}`, or end the grants.")


def render_group_disabled(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: a group with roles was switched off or on in Slack."""
    name = shown_bold(group_name(tx.session, _subject_id(message)))
    if message.facts["is_disabled"]:
        text = (
            f":busts_in_silhouette: The user group {name} was switched off in Slack: its grants give nobody a role."
        )
    else:
        text = f":busts_in_silhouette: The user group {name} is on again in Slack: its grants count again."
    return _said(text)


def render_group_unreadable(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: a group cannot be read."""
    name = shown_bold(group_name(tx.session, _subject_id(message)))
    problem = shown(str(message.facts.get("problem", "")))
    text = f":warning: I can't read who is in the user group {name}: {problem}. Its people keep their roles."
    hint = (
        f"I try again every hour and say when it works. If the group is gone, end its grants: `{slash('roles list')}`"
    )
    return _said(text, hint)


def render_group_readable(tx: Transaction, message: SlackMessage) -> Message:
    """To owners: the group can be read again."""
    name = shown_bold(group_name(tx.session, _subject_id(message)))
    text = f":white_check_mark: I can read the user group {name} again."
    return _said(text)
