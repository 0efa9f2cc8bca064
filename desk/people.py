"""People and user groups as Slack describes them: kept, and found by what others call them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk.errors import InvalidInputError
from desk.masking import mask
from desk.texts import without_broken
from desk.transaction import Actor, JobName, Transaction
from storage.folding import is_called
from storage.models import ApiKey, Member, SubjectKind, UserGroup
from storage.signals import Topic, signal


class Standing(StrEnum):
    """What somebody is to the organization. Only full members have roles."""

    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    FOREIGN = "foreign"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUser:
    """A Slack user as Slack described them at one instant."""

    user_id: str
    team_id: str
    name: str
    handle: str
    time_zone: str = "UTC"
    is_primary_owner: bool = False
    is_workspace_owner: bool = False
    is_bot: bool = False
    is_deleted: bool = False
    is_guest: bool = False
    is_foreign: bool = False
    updated: int = 0
    """Slack's `user.updated`, in seconds; 0 when Slack does not say."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a grant is for, and what people call them."""

    kind: SubjectKind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SubjectWord:
    """Whom somebody means: by mention (`user`, `group`: a Slack id) or by what they typed (`name`)."""

    kind: str
    text: str


_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,}")


def subject_word(text: str) -> SubjectWord:
    """Whom a text means that was written outside of Slack: a Slack id, or the name or handle of somebody, with or
    without `@`."""
    if _USER_ID.fullmatch(text):
        return SubjectWord("user", text)
    if _GROUP_ID.fullmatch(text):
        return SubjectWord("group", text)
    return SubjectWord("name", text.removeprefix("@"))


def standing_of(person: Member | SeenUser) -> Standing:
    """What somebody is, the strongest reason against having roles first."""
    if person.is_deleted:
        return Standing.DELETED
    if person.is_foreign:
        return Standing.FOREIGN
    if person.is_bot:
        return Standing.BOT
    return Standing.GUEST if person.is_guest else Standing.MEMBER


def is_news(member: Member, seen: SeenUser) -> bool:
    """False when Slack described the person later than `seen` already: events may overtake each other. Of somebody
    who was forgotten, only that they are back is news."""
    if member.forgotten_at is not None and seen.is_deleted:
        return False
    return seen.updated == 0 or seen.updated >= member.slack_updated


def fit_name(name: str) -> str:
    """A name that somebody or something has at Slack, fit to be kept and shown."""
    return mask(without_broken(name))[:255]


def store_user(tx: Transaction, seen: SeenUser) -> Member:
    """Keep what Slack said of a person. Call it under `storage.locks.lock_people`."""
    member = tx.session.get(Member, seen.user_id)
    if member is None:
        member = Member(user_id=seen.user_id)
        tx.session.add(member)
    elif not is_news(member, seen):
        return member
    member.team_id = seen.team_id
    member.handle = fit_name(seen.handle) or seen.user_id
    member.name = fit_name(seen.name) or member.handle
    member.time_zone = fit_name(seen.time_zone)[:64]
    member.is_primary_owner = seen.is_primary_owner
    member.is_workspace_owner = seen.is_workspace_owner
    member.is_bot = seen.is_bot
    member.is_deleted = seen.is_deleted
    member.is_guest = seen.is_guest
    member.is_foreign = seen.is_foreign
    member.forgotten_at = None
    member.slack_updated = max(seen.updated, member.slack_updated or 0)
    if tx.session.is_modified(member):
        signal(tx.session, Topic.PEOPLE)
    member.synced_at = tx.now
    tx.session.flush()
    return member


_UNREACHABLE = select(Member.user_id).where(
    Member.user_id == bindparam("person"),
    or_(Member.is_deleted, and_(Member.is_bot, ~Member.is_foreign)),
)


def is_reachable(tx: Transaction, user_id: str) -> bool:
    """Whether a message would find somebody: Slack has not deactivated them, as far as is known."""
    return tx.session.scalar(_UNREACHABLE, {"person": user_id}) is None


def member_name(session: Session, user_id: str) -> str:
    """What people call somebody; the id when the desk never met them."""
    member = session.get(Member, user_id)
    return member.name if member else user_id


def group_name(session: Session, group_id: str) -> str:
    """A user group by its handle, with the @; the id when the desk never met it."""
    group = session.get(UserGroup, group_id)
    return f"@{group.handle}" if group else group_id


def get_subject(session: Session, word: SubjectWord) -> Subject:
    """The user or group that somebody means. Raises InvalidInputError when there is none or more than one."""
    if word.kind == "user":
        return Subject(SubjectKind.USER, word.text, member_name(session, word.text))
    if word.kind == "group":
        return Subject(SubjectKind.GROUP, word.text, group_name(session, word.text))
    return _get_subject_by_name(session, word.text)


def get_answerer(session: Session, word: SubjectWord) -> str:
    """The user id of whoever is named to answer for a key. Raises InvalidInputError, also for a group."""
    if word.kind != "group":
        subject = get_subject(session, word)
        if subject.kind == SubjectKind.USER:
            return subject.id
    raise InvalidInputError("A person answers for a key, not a user group.", field="holder")


def _get_subject_by_name(session: Session, text: str) -> Subject:
    wanted = text.strip().removeprefix("@").strip()
    subjects = [*_find_users(session, wanted), *_find_groups(session, wanted)] if wanted else []
    if not subjects:
        hint = "Name a person or a group, like @mia."
        if session.scalar(select(Member.user_id).limit(1)) is None:
            hint = "Nobody was read from Slack yet: a Keydesk that runs does so when it starts."
        raise InvalidInputError(f"I know nobody called “{text}”.", hint, field="subject")
    if len(subjects) > 1:
        names = ", ".join(f"{subject.name} ({subject.id})" for subject in subjects[:5])
        raise InvalidInputError(
            f"“{text}” could be {len(subjects)} of us: {names}.",
            "Name the one you mean by the id.",
            field="subject",
        )
    return subjects[0]


def _is_called(wanted: str, *columns: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return or_(*(is_called(column, wanted) for column in columns))


def _find_users(session: Session, wanted: str) -> Sequence[Subject]:
    called = _is_called(wanted, Member.handle, Member.name, Member.user_id)
    members = session.scalars(select(Member).where(called).order_by(Member.user_id)).all()
    # Somebody who left does not make a colleague's name ambiguous.
    present = [member for member in members if not member.is_deleted] or members
    return [Subject(SubjectKind.USER, member.user_id, member.name) for member in present]


def _find_groups(session: Session, wanted: str) -> Sequence[Subject]:
    called = _is_called(wanted, UserGroup.handle, UserGroup.name, UserGroup.group_id)
    groups = session.scalars(select(UserGroup).where(called).order_by(UserGroup.group_id)).all()
    present = [group for group in groups if not group.is_disabled] or groups
    return [Subject(SubjectKind.GROUP, group.group_id, f"@{group.handle}") for group in present]


def name_of(tx: Transaction, actor: str | None) -> str:
    """What people call an actor, from the form that records keep or from a Slack user id."""
    if not actor:
        return "nobody"
    kind, _, identity = actor.rpartition(":")
    if kind in {"", "member"}:
        member = tx.session.get(Member, identity)
        return member.name if member else identity
    if kind == "key":
        key = tx.session.get(ApiKey, identity)
        return f"the API key {key.name}" if key else "an API key"
    if actor == str(Actor.job(JobName.COPIES)):
        return "somebody at Statuspage"
    return f"operator {identity}" if kind == "operator" else "Keydesk"


def zone_of(tx: Transaction) -> ZoneInfo:
    """The acting member's time zone by Slack; the organization's for everybody else."""
    member = tx.session.get(Member, tx.actor.user_id) if tx.actor.user_id else None
    if member is None:
        return tx.policy.time_zone
    try:
        return ZoneInfo(member.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return tx.policy.time_zone
