"""What is recorded and told of a Statuspage elsewhere."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from desk.audit.trail import Action
from desk.moving.records import MovedIncident, MovedPage
from desk.moving.taking import begin_move, take_incidents, take_page
from desk.transaction import Actor, JobName
from desk.upstreams.cards import KEY_REFUSED
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import ComponentThere, PageThere, copy_pages
from desk.upstreams.hooks import drop_hook, make_hook
from desk.upstreams.keys import (
    NewUpstreamKey,
    add_upstream_key,
    drop_upstream_key,
    note_refused,
    replace_upstream_key,
)
from storage.models import ComponentStatus
from tests.factories import OLIVIA, OMAR
from tests.unit.desk.audit.chronicle import Step, event, sent, story
from tests.unit.desk.stage import Stage

OPERATOR = Actor.operator("root")
COPIES = Actor.job(JobName.COPIES)
URL = "https://statuspage.acme.example"
API = ComponentThere(id="componentaa1", name="API", position=1)
FAR = PageThere(id="pageelsewhe1", name="Far", components=(API,))


@story(Action.UPSTREAM_CONNECTED, Action.UPSTREAM_KEY_ADDED, Action.UPSTREAM_KEY_DROPPED, Action.UPSTREAM_KEY_REFUSED)
def keys_of_a_statuspage_elsewhere(stage: Stage) -> Iterator[Step]:
    """No event holds a value, and owners hear when one is not taken any more, once."""
    upstream = stage.do(OPERATOR, partial(connect_upstream, base_url=f"{URL}/v1/"))
    yield [event(OPERATOR, Action.UPSTREAM_CONNECTED, upstream.id, base_url=URL)], set()
    stage.do(OPERATOR, partial(connect_upstream, base_url=URL))
    yield [], set()
    old = stage.do(OPERATOR, partial(add_upstream_key, new=NewUpstreamKey(name="old", sealed="sealed")))
    yield [event(OPERATOR, Action.UPSTREAM_KEY_ADDED, old.id, name="old", expires_at=None)], set()
    anew = NewUpstreamKey(name="new", sealed="sealed too")
    new = stage.do(OPERATOR, partial(replace_upstream_key, upstream_key_id=old.id, new=anew))
    yield (
        [
            event(OPERATOR, Action.UPSTREAM_KEY_DROPPED, old.id, name="old"),
            event(OPERATOR, Action.UPSTREAM_KEY_ADDED, new.id, name="new", expires_at=None),
        ],
        set(),
    )
    assert stage.do(COPIES, partial(note_refused, upstream_key_id=new.id))
    yield [event(COPIES, Action.UPSTREAM_KEY_REFUSED, new.id, name="new")], sent(KEY_REFUSED, OLIVIA, OMAR)
    assert not stage.do(COPIES, partial(note_refused, upstream_key_id=new.id))
    yield [], set()
    stage.do(OLIVIA, partial(drop_upstream_key, upstream_key_id=new.id))
    yield [event(OLIVIA, Action.UPSTREAM_KEY_DROPPED, new.id, name="new")], set()


@story(Action.PAGE_IMPORTED)
def a_page_that_moves_here(stage: Stage) -> Iterator[Step]:
    """Each step that brings something is recorded, and one that brings nothing is not; nobody is told of the past."""
    at = stage.desk.clock.now()
    page = MovedPage(id=FAR.id, name="Far", columns={"name": "Far", "created_at": at, "updated_at": at})
    said = {"status": "resolved", "impact": "none", "started_at": at, "created_at": at, "updated_at": at}
    fire = MovedIncident(id="incidentaaa1", columns={"name": "Fire", **said})
    stage.do(OPERATOR, partial(begin_move, page_id=page.id, base_url=URL))
    yield [], set()
    for what, step in (
        ("components", partial(take_page, there=page)),
        ("incidents", partial(take_incidents, page_id=page.id, there=[fire])),
    ):
        stage.do(OPERATOR, step)
        facts: dict[str, Any] = {"what": what, "new": 1, "changed": 0, "left": []}
        yield [event(OPERATOR, Action.PAGE_IMPORTED, page.id, **facts)], set()
        stage.do(OPERATOR, step)
        yield [], set()


@story(Action.UPSTREAM_COPIED)
def pages_of_a_statuspage_elsewhere(stage: Stage) -> Iterator[Step]:
    """What came, changed and went is recorded, and nothing while nothing does."""
    upstream = stage.do(OPERATOR, partial(connect_upstream, base_url=URL))
    yield None
    down = ComponentThere(id=API.id, name="API", position=1, status=ComponentStatus.MAJOR_OUTAGE)
    steps: Sequence[tuple[list[PageThere], dict[str, list[str]] | None]] = (
        ([FAR], {"new": ["Far"], "changed": [], "gone": []}),
        ([FAR], None),
        ([PageThere(id=FAR.id, name="Far", components=(down,))], {"new": [], "changed": ["Far"], "gone": []}),
        ([PageThere(id=FAR.id, name="Further")], {"new": [], "changed": ["Further"], "gone": []}),
        ([FAR], {"new": [], "changed": ["Far"], "gone": []}),
        ([], {"new": [], "changed": [], "gone": ["Far"]}),
        ([], None),
    )
    for there, what in steps:
        stage.do(COPIES, partial(copy_pages, there=there))
        yield [event(COPIES, Action.UPSTREAM_COPIED, upstream.id, **what)] if what else [], set()


@story(Action.UPSTREAM_WEBHOOK_SET)
def the_address_that_a_statuspage_calls(stage: Stage) -> Iterator[Step]:
    """No event holds it; a new one takes the place of the old one, and none is none."""
    upstream = stage.do(OPERATOR, partial(connect_upstream, base_url=URL))
    yield None
    first = stage.do(OLIVIA, make_hook)
    yield [event(OLIVIA, Action.UPSTREAM_WEBHOOK_SET, upstream.id, is_on=True)], set()
    second = stage.do(OPERATOR, make_hook)
    assert first.reveal() != second.reveal()
    yield [event(OPERATOR, Action.UPSTREAM_WEBHOOK_SET, upstream.id, is_on=True)], set()
    stage.do(OPERATOR, drop_hook)
    yield [event(OPERATOR, Action.UPSTREAM_WEBHOOK_SET, upstream.id, is_on=False)], set()
    stage.do(OPERATOR, drop_hook)
    yield [], set()
