"""How roles, grants and people read: small pieces that messages, cards and notes share."""

from datetime import datetime

from desk.people import Standing, Subject
from desk.role_lists import ListedGrant
from desk.role_words import NAMES
from handlers.slack.blocks import actor_name, escape, mention, plain, when
from storage.models import Role, SubjectKind

_NAME, _REASON = 100, 150

STANDINGS: dict[Standing, str] = {
    Standing.MEMBER: "a full member",
    Standing.GUEST: "a guest",
    Standing.BOT: "a bot",
    Standing.FOREIGN: "a member of another workspace",
    Standing.DELETED: "deactivated",
}


def subject_text(subject: Subject) -> str:
    """A person as a mention. A group by name: mentioning it would ring at everybody in it."""
    if subject.kind == SubjectKind.GROUP:
        return f"*{escape(plain(subject.name, limit=_NAME))}*"
    return mention(subject.id)


def role_text(role: str, page_name: str | None) -> str:
    """A role with where it holds: “*incident manager* on *Acme*”."""
    name = f"*{NAMES[Role(role)]}*"
    if page_name is not None:
        return f"{name} on *{escape(plain(page_name, limit=_NAME))}*"
    return name if role == Role.OWNER else f"{name} on all pages"


def end_text(expires_at: datetime | None) -> str:
    """Until when, in the reader's own time zone."""
    return f"until {when(expires_at)}" if expires_at else "for good"


def reason_text(reason: str) -> str:
    """Why, as an addition to a sentence; empty without a reason."""
    return f" because “{escape(plain(reason, limit=_REASON))}”" if reason else ""


def grant_line(item: ListedGrant) -> str:
    """One grant in a list."""
    who = subject_text(item.subject)
    through = " (through this group)" if item.through else ""
    by = f"granted by {actor_name(item.grant.created_by)}{reason_text(item.grant.reason)}"
    return f"{who}: {role_text(item.grant.role, item.page_name)}, {end_text(item.grant.expires_at)}{through}\n_{by}_"


def source_text(item: ListedGrant) -> str:
    """Where somebody has a role from, in a few words."""
    where = f" on {escape(plain(item.page_name, limit=_NAME))}" if item.page_name else ""
    how = f"through {escape(item.subject.name)}" if item.subject.kind == SubjectKind.GROUP else "own grant"
    return f"{how}{where}, {end_text(item.grant.expires_at)}"


def count(number: int, thing: str) -> str:
    """How many of a thing: “1 key”, “2 keys”."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
