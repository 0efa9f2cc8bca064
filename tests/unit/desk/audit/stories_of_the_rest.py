"""What is recorded and told of messages that cannot be delivered, and of pages made from a file."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from desk.audit.chain import Head
from desk.audit.trail import Action
from desk.configuration.components import create_component, restore_component, retire_component
from desk.configuration.fields import GroupFields
from desk.configuration.groups import create_group
from desk.configuration.pages import edit_page
from desk.messages.dead_letters import bury, drop_delivery, retry_delivery, sweep_unheard
from desk.messages.outbox import owners_conversations, send_note
from desk.restoring import begin_restored
from desk.seeds.planting import plant_seed
from desk.seeds.shape import ComponentSeed, PageSeed, Seed
from desk.timekeeping.setting_right import set_right
from desk.transaction import Actor, Transaction
from storage.models import Channel, Organization, Page
from storage.outbox import claim_next
from tests.clock import HeldClock
from tests.factories import MAX, MIA, OLIVIA, OMAR
from tests.unit.desk.audit.chronicle import CHANNEL, Step, event, sent, story, under
from tests.unit.desk.stage import SWEEP, Stage

WORKER = Actor.operator("outbox")
OPERATOR = Actor.operator("root")


def die(tx: Transaction) -> str:
    """The message that has been due longest is given up; gives its id."""
    lease = timedelta(minutes=2)
    claim = claim_next(tx.session, Channel.SLACK, worker="w", now=tx.now, lease=lease, pace=timedelta())
    assert claim is not None
    assert bury(tx, claim, error="channel_not_found", what="Hello", uncertain=False)
    return claim.subject


@story(Action.DELIVERY_DIED, Action.DELIVERY_RETRIED, Action.DELIVERY_DROPPED)
def messages_that_cannot_be_delivered(stage: Stage) -> Iterator[Step]:
    """Owners are told of each; one is tried again, the other one dropped."""
    stage.do(OLIVIA, partial(send_note, kind="key.changed", subject_id="k", conversations=[MIA, MAX]))
    yield None
    letters = sent("delivery.dead", OLIVIA, OMAR)
    died = []
    for conversation in (MIA, MAX):
        died.append(stage.do(WORKER, die))
        why = {"kind": "key.changed", "conversation": conversation, "error": "channel_not_found", "attempts": 1}
        yield [event(WORKER, Action.DELIVERY_DIED, died[-1], **why)], letters
    retried, dropped = died
    stage.do(OLIVIA, partial(retry_delivery, subject=retried))
    yield [event(OLIVIA, Action.DELIVERY_RETRIED, retried)], letters
    assert stage.do(WORKER, die) == retried
    again = {"kind": "key.changed", "conversation": MIA, "error": "channel_not_found", "attempts": 1}
    yield [event(WORKER, Action.DELIVERY_DIED, retried, **again)], letters
    stage.do(OMAR, partial(drop_delivery, subject=dropped))
    yield [event(OMAR, Action.DELIVERY_DROPPED, dropped)], letters


@story(Action.DELIVERY_READDRESSED)
def what_owners_never_saw_follows_them(stage: Stage) -> Iterator[Step]:
    """Their channel was set wrongly; the letters about it say that it was sent on."""
    wrong = under(stage, owners_channel="C0WRONG001")
    wrong.do(OLIVIA, lambda tx: send_note(tx, "key.changed", "k", owners_conversations(tx)))
    died = wrong.do(WORKER, die)
    yield None
    assert under(stage, owners_channel=CHANNEL).do(SWEEP, sweep_unheard) == 1
    where = {"kind": "key.changed", "conversation": "C0WRONG001", "to": [CHANNEL]}
    # The delivery itself is the old one, which goes elsewhere.
    yield [event(SWEEP, Action.DELIVERY_READDRESSED, died, **where)], sent("delivery.dead", OLIVIA, OMAR)


@story(Action.COMPONENT_CREATED, Action.COMPONENT_EDITED, Action.COMPONENT_RETIRED, Action.COMPONENT_RESTORED)
def the_life_of_a_component(stage: Stage) -> Iterator[Step]:
    """Each change is recorded with what it was before, and of a group that went with its last component as well."""
    api = stage.do(OLIVIA, partial(create_component, page_id=stage.page.id, fields={"name": "API"}))
    known = {"name": "API", "page_id": stage.page.id, "group": False}
    yield [event(OLIVIA, Action.COMPONENT_CREATED, api.id, **known)], set()
    all_of = {"name": "Core", "components": [api.id]}
    group = stage.do(OLIVIA, partial(create_group, page_id=stage.page.id, fields=GroupFields(**all_of)))  # type: ignore[typeddict-item]
    of_group = {"name": "Core", "page_id": stage.page.id, "group": True}
    moved = {"before": {"group_id": None}, "after": {"group_id": group.id}}
    yield (
        [
            event(OLIVIA, Action.COMPONENT_CREATED, group.id, **of_group),
            event(OLIVIA, Action.COMPONENT_EDITED, api.id, **known, **moved),
        ],
        set(),
    )
    stage.do(OMAR, partial(retire_component, component_id=api.id))
    yield (
        [
            event(OMAR, Action.COMPONENT_RETIRED, api.id, **known),
            event(OMAR, Action.COMPONENT_RETIRED, group.id, **of_group),
        ],
        set(),
    )
    stage.do(OMAR, partial(restore_component, component_id=api.id))
    yield (
        [
            event(OMAR, Action.COMPONENT_RESTORED, group.id, **of_group),
            event(OMAR, Action.COMPONENT_RESTORED, api.id, **known),
        ],
        set(),
    )


@story(Action.PAGE_EDITED)
def a_page_is_changed(stage: Stage) -> Iterator[Step]:
    """With what it was before; of a picture only how large it is."""
    fields = {"name": "Acme Status", "second_person": "always", "hero_cover": "data:image/png;base64,AA=="}
    stage.do(OLIVIA, partial(edit_page, page_id=stage.page.id, settings=fields))
    after = fields | {"hero_cover": "26 characters"}
    before = {"name": "Acme", "second_person": "never", "hero_cover": None}
    changed = {"name": "Acme Status", "before": before, "after": after}
    yield [event(OLIVIA, Action.PAGE_EDITED, stage.page.id, **changed)], set()


@story(Action.ORGANIZATION_SEEDED, Action.PAGE_SEEDED)
def pages_made_from_a_file(stage: Stage) -> Iterator[Step]:
    """What was made and what was changed is recorded, and nothing when a file is planted again."""
    page = PageSeed(name="Shop", subdomain="shop", components=(ComponentSeed(name="API"),))
    seed = Seed(organization="Acme Ltd", organization_id=None, pages=(page,))
    stage.do(OPERATOR, partial(plant_seed, seed=seed))
    [shop] = [page for page in stage.all(Page) if page.name == "Shop"]
    renamed = event(OPERATOR, Action.ORGANIZATION_SEEDED, shop.organization_id, name="Acme Ltd")
    made = {"name": "Shop", "made": ["page Shop", "component API of page Shop"], "changed": []}
    yield [renamed, event(OPERATOR, Action.PAGE_SEEDED, shop.id, **made)], set()
    stage.do(OPERATOR, partial(plant_seed, seed=seed))
    yield [], set()


@story(Action.ORGANIZATION_RESTORED)
def a_backup_that_is_put_in_place(stage: Stage) -> Iterator[Step]:
    """Where it was made, and what was lost with the database that it replaces."""
    organization = stage.all(Organization)[0].id
    backup, replaced = Head(2, "a" * 64), Head(3, "b" * 64)
    stage.do(OPERATOR, partial(begin_restored, backup=backup, replaced=replaced))
    heads = {"backup_head": f"2:{'a' * 64}", "replaced_head": f"3:{'b' * 64}"}
    yield [event(OPERATOR, Action.ORGANIZATION_RESTORED, organization, **heads, held_back=0)], set()


@story(Action.CLOCK_SET_RIGHT)
def a_clock_that_was_ahead(stage: Stage) -> Iterator[Step]:
    """What it wrote is set right once, and told to nobody."""
    clock = stage.desk.clock
    assert isinstance(clock, HeldClock)
    # The organization was made by the machine's own clock.
    stage.do(SWEEP, set_right)
    clock.set(clock.now() + timedelta(days=14))
    stage.do(OLIVIA, partial(send_note, kind="key.changed", subject_id="k", conversations=[MIA]))
    clock.set(clock.now() - timedelta(days=14))
    yield None
    assert stage.do(SWEEP, set_right) is not None
    rows = {"delivery": 1, "slack_message": 1}
    yield [event(SWEEP, Action.CLOCK_SET_RIGHT, "clock", ahead=14 * 86400, rows=rows)], set()
    assert stage.do(SWEEP, set_right) is None
    yield [], set()
