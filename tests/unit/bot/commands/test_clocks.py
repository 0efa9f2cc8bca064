"""By which clock commands go."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from desk.clock import SystemClock
from desk.transaction import Desk
from storage import jobs
from storage.models import AuditEvent
from tests.factories import MIA
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
GRANT = ("roles", "grant", MIA, "page_configuration")
BEHIND = timedelta(hours=2)


@pytest.mark.parametrize("is_lived", [True, False])
def test_a_machine_that_is_behind(
    keydesk_on: Run, seeded: Desk, monkeypatch: pytest.MonkeyPatch, *, is_lived: bool
) -> None:
    """What is done there is dated as replicas date that live by the server's clock; where none does, by its own."""
    now = datetime.now(UTC)
    if is_lived:
        with seeded.database.write() as session:
            jobs.make_known(session, "sweep", jobs.period_of(now), now=now)
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) - BEHIND)
    assert keydesk_on(*GRANT).exit_code == 0
    with seeded.database.read() as session:
        dated = session.scalars(select(AuditEvent.at).order_by(AuditEvent.seq.desc()).limit(1)).one()
    assert (dated >= now) is is_lived
