"""The clock of the database's server, beside ours."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.models.base import UTCDateTime


def read_clock(session: Session) -> datetime | None:
    """What the clock of the database's server says; None where it is this machine's own."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    return session.scalars(select(func.clock_timestamp(type_=UTCDateTime()))).one()
