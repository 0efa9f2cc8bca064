"""What a channel brings along to have its deliveries made, and how it says what went wrong.

The worker knows no channel: it hands each claimed delivery to the `Deliverer` of its channel, which draws a `Parcel`
from it; it sends the parcel, unless an earlier attempt turns out to have arrived, and writes down what became of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from desk.masking import mask
from desk.transaction import Transaction
from storage.outbox import Claim

SHORTEST_WAIT = timedelta(seconds=1)


class Trouble(StrEnum):
    """Kinds of failure that are answered differently: whose the trouble is, or that it will pass."""

    MESSAGE = "message"
    """The other side will never take this message: it is given up, and the next one in its lane has its turn."""
    PLACE = "place"
    """This place takes nothing from us: the message is given up; only messages to the same place fare alike."""
    ACCOUNT = "account"
    """The other side takes nothing from us, wherever it goes: its channel pauses, and nothing is given up."""
    CALL = "call"
    """The other side lets us not make this call, and takes others: what needs it waits, and nothing is given up."""
    WAIT = "wait"
    """We are asked to wait: the lane does, as long as it is told."""
    OUTAGE = "outage"
    """The other side did not answer, or said that it is unwell: try again, for long."""
    UNKNOWN = "unknown"
    """Something else, perhaps a mistake of our own: try again, not for long."""


class DeliveryError(Exception):
    """A delivery that failed. `error` is the other side's own code, or what else went wrong."""

    def __init__(
        self, trouble: Trouble, call: str, error: str, *, wait: timedelta = SHORTEST_WAIT, uncertain: bool = False
    ) -> None:
        self.error = mask(error)
        super().__init__(f"{call}: {self.error}")
        self.trouble = trouble
        self.call = call
        """What was tried."""
        self.wait = wait
        """How long we are asked to wait."""
        self.uncertain = uncertain
        """It may have arrived all the same."""


Begin = Callable[[], None]
"""To be called before each call that must not be made twice: raises when the lease does not last for it."""


class Parcel(Protocol):
    """What one delivery says, drawn and ready to go. Its methods raise DeliveryError."""

    async def find_arrived(self, since: datetime) -> bool:
        """Whether an earlier attempt, of about or after `since`, arrived; if so it says by now what this one says.

        A channel whose other side knows a delivery again by its id, or that cannot look, says no.
        """
        ...

    async def send(self, begin: Begin) -> None:
        """Hand it over."""
        ...

    def note(self, tx: Transaction, *, won: bool) -> None:
        """Keep what the channel must remember of it, in the transaction that settles it.

        Not `won`: another worker took the delivery over meanwhile, and its word counts for more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a delivery is to bring."""

    parcel: Parcel | None
    """None: there is nothing to say any more."""
    what: str = ""
    """What it says, in a line, for owners who read that it died."""
    covers: Sequence[int] = ()
    """Other deliveries of its subject that need not be made once this one is."""


class Deliverer(Protocol):
    """Makes the deliveries of one channel. Each lane of it is a place: a conversation, an address."""

    @property
    def lanes(self) -> int:
        """How many lanes are served at once. All but one of them may be lanes in trouble."""
        ...

    @property
    def pace(self) -> timedelta:
        """How long a lane rests after each delivery."""
        ...

    @property
    def timeout(self) -> timedelta:
        """No call takes longer. It must be well below the worker's lease."""
        ...

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        """Draw what is to be delivered from the present state, in a read transaction.

        Whatever it raises is a mistake: tried again a few times, then given up.
        """
        ...

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """Keep that a delivery was given up, besides telling owners, in the transaction that gives it up."""
        ...
