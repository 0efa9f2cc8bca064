"""A few schedules of `make soak`, always the same, and that its checks see what they are there for."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, update

from desk.transaction import Actor, Transaction
from sandbox.player import Control
from storage.models import ApiKey, AuditHead, Delivery, DeliveryStatus, IncidentUpdate, KeyRequest, Ticket
from tests.soak.checks import find_wrong
from tests.soak.deeds import OLIVIA, Collected, Ledger, People
from tests.soak.playing import calm_down, play
from tests.soak.schedules import Deed, Fault, make_schedule
from tests.soak.stage import OWNERS, Stage, World
from tests.waiting import wait_until

# One on each database: kills, a disk that is full, a proxy that is lost, a replica that stands still, a database that
# is killed, a commit whose answer is lost.
SAMPLE = (258, 15069)
STORY = (Deed.ASK, Deed.APPROVE, Deed.COLLECT, Deed.ASK, Deed.PUBLISH, Deed.POST, Deed.RESOLVE, Deed.PUBLISH_THERE)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """What schedules are played on."""
    with Stage(tmp_path_factory.mktemp("soak"), patient=True) as stage:
        yield stage


@pytest.mark.parametrize("seed", SAMPLE)
def test_what_was_promised_holds(stage: Stage, seed: int) -> None:
    """Whatever goes wrong, nothing that somebody was told is lost, doubled or untrue once all is well again."""
    outcome = play(stage, make_schedule(seed))
    assert not outcome.wrong, str(outcome)


def test_a_seed_always_means_the_same() -> None:
    """The same schedule, of which all together hold every fault and every deed."""
    many = [make_schedule(seed) for seed in range(200)]
    assert many == [make_schedule(seed) for seed in range(200)]
    assert {fault for schedule in many for fault in schedule.faults} == set(Fault) - {Fault.NOTHING}
    assert {step.deed for schedule in many for step in schedule.steps} == set(Deed)


def test_the_checks_see_what_is_not_so(stage: Stage) -> None:
    """After a story in which nothing goes wrong they find nothing, and each falsehood by itself they do."""
    with stage.world("sqlite") as world:
        people = People(world)
        for deed in STORY:
            people.do(deed)
            wait_until(lambda: not calm_down(world))
        ledger = people.ledger
        assert (len(ledger.asked), len(ledger.collected), len(ledger.published), len(ledger.resolved)) == (2, 1, 2, 1)
        assert find_wrong(world, ledger) == []
        for falsify, told in FALSEHOODS:
            falsify(world, ledger)
            found = find_wrong(world, ledger)
            assert any(told in one for one in found), (told, found)


def _in_database(statement: object) -> Callable[[World, Ledger], None]:
    def falsify(world: World, _ledger: Ledger) -> None:
        def work(tx: Transaction) -> None:
            tx.session.execute(statement)  # type: ignore[call-overload]

        world.desk.write_now(Actor.operator("soak"), work)

    return falsify


def _say(channel: str, text: str) -> Callable[[World, Ledger], None]:
    def falsify(world: World, _ledger: Ledger) -> None:
        Control(world.sandbox.url).call("POST", "message", {"user": OLIVIA, "channel": channel, "text": text})

    return falsify


FALSEHOODS: tuple[tuple[Callable[[World, Ledger], None], str], ...] = (
    (lambda _, ledger: ledger.asked.update(ghost="done"), "“ghost” was done, and is there 0 times"),
    (lambda _, ledger: ledger.published.update(ghost="done"), "“ghost” was done, and is there 0 times"),
    (lambda _, ledger: ledger.resolved.add("ghost"), "“ghost” was resolved, and is not"),
    (lambda _, ledger: ledger.collected.update(ghost=Collected("ghost", "kd_x")), "there is no such key"),
    (_say(OWNERS, "@Mia asks for an API key: *key 01*"), "“key 01” has 2 cards"),
    (_in_database(update(KeyRequest).where(KeyRequest.name == "key 02").values(status="denied")), "its card says"),
    (_in_database(delete(IncidentUpdate).where(IncidentUpdate.body == "It is over.")), "1 updates and 2 replies"),
    (_in_database(update(ApiKey).where(ApiKey.name == "key 01").values(status="revoked")), "was not revoked, and is"),
    (_in_database(update(Delivery).where(Delivery.id == 1).values(status=DeliveryStatus.DEAD)), "a delivery is dead"),
    (_in_database(update(AuditHead).values(hash="0" * 64)), "the audit trail is broken"),
    (lambda world, _: world.there.open("gone", name="ghost"), "'ghost': 1}, and"),
    (_in_database(delete(Ticket)), "has 0 tickets"),
)
