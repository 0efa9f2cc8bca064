"""A maintenance that was called off, as calendars and readers of the page see it."""

from datetime import timedelta

import pytest

from desk.incidents.incidents import update_incident
from desk.incidents.maintenances.runs import change_to_cancel
from tests.clock import HeldClock
from tests.public_story import Story
from tests.unit.handlers.http.conftest import ACTOR, Site
from tests.unit.handlers.http.public.test_feeds import unfold

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_it_is_shown_as_cancelled_and_not_as_done(story: Story, site: Site, clock: HeldClock) -> None:
    """The calendar strikes that one out and keeps the others; its page says Cancelled and never Completed."""
    before = unfold((await site.client.get("/maintenances.ics")).text)
    assert "STATUS:CANCELLED" not in before
    site.desk.write_now(ACTOR, lambda tx: update_incident(tx, story.upcoming, change_to_cancel()))
    site.app.public.refresh()
    after = unfold((await site.client.get("/maintenances.ics")).text)
    begins = after.index(f"UID:{story.upcoming}@status.acme.example")
    assert "STATUS:CANCELLED" in after[begins : after.index("END:VEVENT", begins)]
    assert after.count("STATUS:CONFIRMED") == before.count("STATUS:CONFIRMED") - 1
    page = (await site.client.get(f"/incidents/{story.upcoming}/")).text
    assert "Cancelled" in page
    assert "Completed" not in page
    assert "This maintenance has been cancelled." in page
    assert "Completed" in (await site.client.get(f"/incidents/{story.completed}/")).text
    clock.advance(timedelta(days=4))
    site.app.public.refresh()
    past = (await site.client.get("/history/")).text
    assert past.count("Cancelled ·") == 1
    assert past.count("Completed after") == 1
