"""The audit trail, and messages that could not be delivered."""

from collections.abc import Sequence

from pydantic import Field

from desk.audit.chain import Verdict
from desk.messages.dead_letters import DeadLetter
from handlers.http.own.shapes.base import MOST_ON_A_PAGE, GivenInstant, Instant, Query, Shape
from handlers.http.own.shapes.keys import Event


class EventsAsked(Query):
    """Which events, oldest first."""

    since: GivenInstant | None = Field(None, description="From this instant on.")
    until: GivenInstant | None = Field(None, description="Up to, but not with, this instant.")
    action: str | None = Field(None, max_length=64, description="As `key.revoked`.")
    actor: str | None = Field(None, max_length=64, description="As `member:U…` or `key:…`.")
    subject_kind: str | None = Field(None, max_length=32)
    subject_id: str | None = Field(None, max_length=64)
    after: int = Field(0, ge=0, le=2**53, description="Behind the event of this number: the last that you have.")
    limit: int = Field(MOST_ON_A_PAGE, ge=1, le=1000)


class Events(Shape):
    """A part of the trail."""

    items: Sequence[Event]
    last: int = Field(description="The number to go on after.")


class VerifyAsked(Query):
    """A head that was noted down earlier."""

    noted: str | None = Field(None, pattern=r"^\d{1,18}:[0-9a-f]{64}$", description="As `128:5d1f…`.")


class Broken(Shape):
    """A place where the trail is broken."""

    seq: int
    what: str


class Proof(Shape):
    """Whether the trail is whole."""

    intact: bool
    events: int
    head: str = Field(description="Note it somewhere else: the next check compares with it.")
    problems: Sequence[Broken]


class Letter(Shape):
    """A message that was given up."""

    id: str
    channel: str
    lane: str = Field(description="Where it was to go.")
    kind: str
    what: str
    error: str
    since: Instant


class Letters(Shape):
    """What waits for somebody's word, the oldest first, at most fifty."""

    items: Sequence[Letter]


class Settled(Shape):
    """What became of a message that was given up."""

    id: str
    outcome: str = Field(description="`retried` or `dropped`.")


def proof_of(verdict: Verdict) -> Proof:
    """What a verification found."""
    return Proof(
        intact=verdict.is_intact,
        events=verdict.events,
        head=f"{verdict.head.seq}:{verdict.head.hash}",
        problems=[Broken(seq=one.seq, what=one.what) for one in verdict.problems],
    )


def letter_of(letter: DeadLetter) -> Letter:
    """A dead letter."""
    return Letter(
        id=letter.subject,
        channel=str(letter.channel),
        lane=letter.lane,
        kind=letter.kind,
        what=letter.what,
        error=letter.error,
        since=letter.since,
    )
