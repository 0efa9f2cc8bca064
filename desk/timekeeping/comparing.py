"""This machine's clock beside that of the database's server, and which of the two Keydesk goes by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.clock import CLOCKS_APART, SteeredClock
from storage.jobs import find_last_sign
from storage.server_clock import read_clock

STANDSTILL = timedelta(hours=1)
"""So long after its last sign of life, nobody can say any more by which clock Keydesk lived."""
A_LITTLE = timedelta(minutes=2)
"""Being wrong by so much does no harm that two replicas that differ by it would not do."""


@dataclass(frozen=True, slots=True)
class ServerTime:
    """What the database's server says."""

    now: datetime
    last_sign: datetime | None
    """When any replica last gave a sign of life, by the clock that it went by."""


def read_server_time(session: Session) -> ServerTime | None:
    """What the server says; None where the database is a file on this machine."""
    now = read_clock(session)
    return None if now is None else ServerTime(now, find_last_sign(session, until=now + CLOCKS_APART))


def is_apart(server: ServerTime, machine: datetime) -> bool:
    """Whether a machine's clock is further from the server's than replicas may be from one another."""
    return abs(server.now - machine) > CLOCKS_APART


def decide_clock(server: ServerTime, clock: SteeredClock) -> bool:
    """Whether to go by the server's clock, from which the machine's is apart.

    Where they are apart by little, so that all replicas go by one. And where the machine's is behind: others lately
    lived by the server's, or this process before, at instants that are yet to come to the machine's, and what that
    dates would be over for them at once. Else nothing tells which of the two is wrong, and the machine's stays.
    """
    if abs(server.now - clock.machine.now()) <= A_LITTLE or (clock.is_steered and not is_apart(server, clock.now())):
        return True
    sign = server.last_sign
    return sign is not None and sign > clock.machine.now() + CLOCKS_APART and server.now - sign <= STANDSTILL
