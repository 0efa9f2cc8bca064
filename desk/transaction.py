"""The door to the rules: who acts, when, under which policy, in one database transaction."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from desk.clock import Clock
from desk.commands import named
from desk.errors import (
    UNKEPT,
    CollisionError,
    ConflictError,
    InvalidInputError,
    LateError,
    NoRoomError,
    UnknownOutcomeError,
)
from desk.masking import recognizing
from desk.policy import Policy
from storage.attempts import UncertainError
from storage.database import Database
from storage.deadline import TooLateError, find_deadline
from storage.locks import is_collision, still_holds
from storage.models import ApiKey, Revision
from storage.organizations import organization_of
from storage.room import is_for_want_of_room
from storage.seen_events import is_remembered, remember_click
from storage.signals import Topic, signal

T = TypeVar("T")


class ActorKind(StrEnum):
    """Kinds of actors. Each has an authority of its own, and what is none of them has none."""

    MEMBER = "member"
    KEY = "key"
    OPERATOR = "operator"
    JOB = "job"


class JobName(StrEnum):
    """What Keydesk does by itself. `desk.permissions` says what each may."""

    SWEEP = "sweep"
    """Does what time brings about: each minute."""
    UNUSED_POLICY = "unused-policy"
    """Suspends and revokes keys that nobody uses, as it was announced."""
    DIGEST = "digest"
    RECONCILE = "reconcile"
    """Reads Slack's whole directory."""
    SLACK = "slack"
    """Follows what Slack says of people and groups."""
    DELIVERY = "delivery"
    """Takes messages to Slack."""
    KEY_CHECK = "key_check"
    """Sees how keys are used."""
    COPIES = "copies"
    """Follows what a Statuspage elsewhere says of its pages."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. `str()` is the form that records keep: `member:U…`, `key:<id>`, `operator:<login>`,
    `job:<name>`."""

    kind: ActorKind
    id: str

    @classmethod
    def member(cls, user_id: str) -> "Actor":
        """A Slack user."""
        return cls(ActorKind.MEMBER, user_id)

    @classmethod
    def key(cls, key_id: str) -> "Actor":
        """A client that presented an API key."""
        return cls(ActorKind.KEY, key_id)

    @classmethod
    def operator(cls, login: str) -> "Actor":
        """Somebody with a shell on the machine; trusted as an owner is."""
        return cls(ActorKind.OPERATOR, login)

    @classmethod
    def job(cls, name: JobName) -> "Actor":
        """Keydesk itself, at one of its jobs."""
        return cls(ActorKind.JOB, name)

    @property
    def user_id(self) -> str | None:
        """The Slack user id, when a member acts."""
        return self.id if self.kind == ActorKind.MEMBER else None

    @property
    def author_id(self) -> str:
        """Who it is beside what they wrote or approved: a member's Slack user id, or the form that records keep.

        Of a very long login only its beginning: two that begin so are one person then, and never one person two.
        """
        return self.user_id or str(self)[:32]

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of the desk. `now` is the same instant throughout."""

    session: Session
    now: datetime
    policy: Policy
    actor: Actor
    recorded: list[str] = field(default_factory=list, repr=False, compare=False)
    """Actions of the audit events that it has written so far."""
    silence: str | None = None
    """As `Desk.find_silence` said."""

    @property
    def organization(self) -> str:
        """The id of the organization whose rows it sees and makes, and no others."""
        return organization_of(self.session)


@dataclass(frozen=True, slots=True)
class Desk:
    """What lives as long as the program: the database, the clock and the policy. It is one organization's."""

    database: Database
    clock: Clock
    policy: Policy
    on_recorded: Callable[[Sequence[str]], None] = field(default=lambda _actions: None, repr=False, compare=False)
    """Told, once they are kept, the actions of audit events; it must not wait."""
    find_silence: Callable[[], str | None] = field(default=lambda: None, repr=False, compare=False)
    """Why none of the messages that are owed to people can be posted now, in a word; None where nothing is known to
    stand against it. It must not wait."""

    def of(self, organization: str) -> "Desk":
        """The same desk, for another organization."""
        return replace(self, database=self.database.of(organization))

    @property
    def everywhere(self) -> "Desk":
        """The same desk, for what is done for all organizations at once: its transactions are of none."""
        return replace(self, database=self.database.everywhere)

    async def write(self, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in one write transaction. When it raises, nothing of it is kept.

        Nor where a permission that it went by was taken away while it waited for others: then ConflictError. Raises
        LateError when somebody waits and it took too long, and UnknownOutcomeError.
        """
        with _kept_or_said():
            recorded: list[str] = []
            given = await self.database.run_write(lambda session: self._carry_out(session, actor, work, recorded))
        self.on_recorded(recorded)
        deadline = find_deadline()
        if deadline is not None and recorded and actor.kind is ActorKind.MEMBER:
            deadline.changed = True
        return given

    async def read(self, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in one read transaction. Raises LateError."""
        with _kept_or_said():
            return await self.database.run_read(lambda session: self._look(session, actor, work))

    def write_now(self, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """As `write`, in the calling thread: for the command line and tests."""
        recorded: list[str] = []
        with _kept_or_said(), self.database.write() as session:
            given = self._carry_out(session, actor, work, recorded)
        self.on_recorded(recorded)
        return given

    def read_now(self, actor: Actor, work: Callable[[Transaction], T]) -> T:
        """As `read`, in the calling thread."""
        with _kept_or_said(), self.database.read() as session:
            return self._look(session, actor, work)

    def _look(
        self, session: Session, actor: Actor, work: Callable[[Transaction], T], recorded: list[str] | None = None
    ) -> T:
        recorded = [] if recorded is None else recorded
        knows = partial(_is_a_key, session)
        with named(self.policy.name_command), recognizing(knows, self.policy.own_secrets), _in_words():
            return work(
                Transaction(session, self.clock.now(), self.policy, actor, recorded, silence=self.find_silence())
            )

    def _carry_out(self, session: Session, actor: Actor, work: Callable[[Transaction], T], recorded: list[str]) -> T:
        given = self._look(session, actor, work, recorded)
        # By now nothing can wait any more, and whoever takes roles away has done so or waits for us.
        if not still_holds(session):
            raise ConflictError("Somebody's roles were changed at the same moment.", "Try again.")
        deadline = find_deadline()
        if deadline is not None and deadline.request is not None and recorded and actor.kind is ActorKind.MEMBER:
            remember_click(session, deadline.request, self.clock.now())
        return given

    async def was_done(self, request: str) -> bool:
        """Whether a change was kept that a member made by this request of theirs, whichever delivery of it."""
        return await self.database.run_read(partial(is_remembered, event_id=request))


@contextmanager
def _kept_or_said() -> Iterator[None]:
    """What came too late, and what nobody knows of, is told as people can read it."""
    try:
        yield
    except TooLateError as error:
        raise LateError from error
    except UncertainError as error:
        raise UnknownOutcomeError(error.find_out, error.number) from error
    except DBAPIError as error:
        if is_for_want_of_room(error):
            raise NoRoomError from error
        if is_collision(error):
            raise CollisionError from error
        raise


@contextmanager
def _in_words() -> Iterator[None]:
    """What somebody typed and no database takes (half a character, a NUL) is refused as they can read it."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidInputError(*UNKEPT) from error
    except StatementError as error:
        if isinstance(error.orig, UnicodeEncodeError) or "NUL (0x00)" in str(error.orig):
            raise InvalidInputError(*UNKEPT) from error
        raise


def _is_a_key(session: Session, digests: Collection[str]) -> bool:
    with session.no_autoflush:
        return session.scalar(select(ApiKey.id).where(ApiKey.sha256.in_(digests)).limit(1)) is not None


def keys_changed(tx: Transaction, key_id: str, *others: str) -> None:
    """Call it in every transaction that inserts or changes API keys, with the ids of all of them.

    Mirrors read those alone (`desk.keys.ring`).
    """
    revision = _count(tx, Topic.KEYS)
    ids = (key_id, *others)
    for start in range(0, len(ids), _AT_ONCE):
        stamped = update(ApiKey).where(ApiKey.id.in_(ids[start : start + _AT_ONCE])).values(revision=revision)
        tx.session.execute(stamped, execution_options=_UNSEEN)


def upstreams_changed(tx: Transaction) -> None:
    """Call it in every transaction that inserts or changes a Statuspage elsewhere, or a key that it knows us by."""
    _count(tx, Topic.UPSTREAMS)


def pages_changed(tx: Transaction) -> None:
    """Call it in every transaction that inserts or changes an organization, page or component."""
    _count(tx, Topic.PAGES)


def elsewhere_changed(tx: Transaction) -> None:
    """Call it where something was changed at the Statuspage elsewhere, and answers of before may be kept."""
    _count(tx, Topic.ELSEWHERE)


_AT_ONCE = 1000
_UNSEEN = {"synchronize_session": False}


# Made once: every write counts, and making it takes longer than carrying it out.
_COUNTED = (
    update(Revision)
    .where(Revision.topic == bindparam("counted"))
    .values(value=Revision.value + 1)
    .returning(Revision.value)
)


def _count(tx: Transaction, topic: Topic) -> int:
    revision: int = tx.session.execute(_COUNTED, {"counted": topic}, execution_options=_UNSEEN).scalar_one()
    signal(tx.session, topic)
    return revision
