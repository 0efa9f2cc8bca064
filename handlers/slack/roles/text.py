"""How roles, grants and people read: small pieces that messages, cards and notes share."""

from collections.abc import Sequence
from datetime import datetime

from desk.people import Standing, Subject
from desk.roles.lists import NAMES, ListedGrant
from handlers.slack.framework.blocks import Block, actor_name, escape, mention, section, when
from storage.models import Role, SubjectKind

_NAME, _REASON, _SHORT = 100, 150, 60
_SECTION, _LINES = 2900, 20

STANDINGS: dict[Standing, str] = {
    Standing.MEMBER: "a full member",
    Standing.GUEST: "a guest",
    Standing.BOT: "a bot",
    Standing.FOREIGN: "a member of another workspace",
    Standing.DELETED: "deactivated",
}


def shown(text: str, limit: int = _NAME) -> str:
    """A person's text, escaped, in at most `limit` characters as Slack counts them."""
    whole = escape(text)
    if len(whole) <= limit:
        return whole
    kept, length = [], 0
    for character in map(escape, text):
        length += len(character)
        if length >= limit:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def shown_bold(text: str, limit: int = _NAME) -> str:
    """The same as a name in bold."""
    return f"*{shown(text, limit).replace('*', '∗')}*"


def line_sections(lines: Sequence[str]) -> list[Block]:
    """Lines in as few sections as Slack's limits allow."""
    groups: list[list[str]] = []
    length = 0
    for line in lines:
        length += len(line) + 1
        if not groups or length > _SECTION or len(groups[-1]) == _LINES:
            groups.append([])
            length = len(line) + 1
        groups[-1].append(line)
    return [section("\n".join(group)) for group in groups]


def subject_text(subject: Subject) -> str:
    """A person as a mention. A group by name: mentioning it would ring at everybody in it."""
    if subject.kind == SubjectKind.GROUP:
        return shown_bold(subject.name)
    return mention(subject.id)


def role_text(role: str, page_name: str | None) -> str:
    """A role with where it holds: “*incident manager* on *Acme*”."""
    name = f"*{NAMES[Role(role)]}*"
    if page_name is not None:
        return f"{name} on {shown_bold(page_name)}"
    return name if role == Role.OWNER else f"{name} on all pages"


def end_text(expires_at: datetime | None) -> str:
    """Until when, in the reader's own time zone."""
    return f"until {when(expires_at)}" if expires_at else "for good"


def reason_text(reason: str) -> str:
    """Why, as an addition to a sentence; empty without a reason."""
    return f" because “{shown(reason, _REASON)}”" if reason else ""


def grant_line(item: ListedGrant) -> str:
    """One grant in a list."""
    who = subject_text(item.subject)
    through = " (through this group)" if item.through else ""
    by = f"granted by {actor_name(item.grant.created_by)}{reason_text(item.grant.reason)}"
    return f"{who}: {role_text(item.grant.role, item.page_name)}, {end_text(item.grant.expires_at)}{through}\n_{by}_"


def source_text(item: ListedGrant) -> str:
    """Where somebody has a role from, in a few words."""
    where = f" on {shown(item.page_name, _SHORT)}" if item.page_name else ""
    how = f"through {shown(item.subject.name, _SHORT)}" if item.subject.kind == SubjectKind.GROUP else "own grant"
    return f"{how}{where}, {end_text(item.grant.expires_at)}"


def count(number: int, thing: str) -> str:
    """How many of a thing: “1 key”, “2 keys”."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
