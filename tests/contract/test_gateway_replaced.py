"""Keydesk's own key is replaced while calls go on, and its server takes the old one no more: no call fails."""

import asyncio

import pytest

from desk.transaction import Desk, Transaction
from desk.upstreams.keys import NewUpstreamKey, list_upstream_keys, replace_upstream_key
from storage.background import end_task
from storage.database import Database
from storage.sealing import Seal
from tests.contract.gateway_stage import EVERYTHING, OPERATOR, mint
from tests.contract.hostile_stage import SECRET, Attacked, attacked
from tests.databases import ORGANIZATION, both_databases
from tests.unit.handlers.http.gateway.test_forwarding import taking

_TIMES = 5
_CALLERS = 3


@both_databases
async def test_no_call_fails_in_any_process(desk: Desk) -> None:
    """Neither where it was replaced nor in another process, which hears of it a moment later."""
    secret = mint(desk, EVERYTHING)
    codes: list[int] = []
    async with attacked(desk, taking(SECRET)) as stage, stage.replica() as other:
        seal, over = Seal([stage.sealing_key]), asyncio.Event()

        async def call_often(number: int) -> None:
            while not over.is_set():
                at = (stage, other)[number % 2]
                path = f"/components?page={number}"
                codes.append((await at.call(secret, "GET", path)).status_code)

        callers = [asyncio.create_task(call_often(number)) for number in range(_CALLERS)]
        for number in range(_TIMES):
            fresh = str(number) * 64

            def replace(tx: Transaction, number: int = number, fresh: str = fresh) -> None:
                [old] = list_upstream_keys(tx.session)
                new = NewUpstreamKey(name=f"key {number}", sealed=seal.close(fresh), calls_a_minute=None)
                replace_upstream_key(tx, old.id, new)

            before = len(codes)
            stage.server.behaviour = taking(SECRET, fresh) if number == 0 else taking(str(number - 1) * 64, fresh)
            await desk.write(OPERATOR, replace)
            stage.server.behaviour = taking(fresh)
            while len(codes) < before + 2 * _CALLERS:
                await asyncio.wait(callers, timeout=0.02)
        over.set()
        await asyncio.gather(*callers)
        assert set(codes) == {200}
        assert stage.states_of_our_keys() == ["active"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_process_that_has_heard_nothing_reads_the_keys_before_a_call_fails(desk: Desk) -> None:
    """Its key is not taken any more, and the one in its place stands in the database alone."""
    secret, fresh = mint(desk, EVERYTHING), "1" * 64
    async with attacked(desk, taking(SECRET)) as stage:
        hearing = asyncio.all_tasks()
        async with stage.replica() as deaf:
            for task in asyncio.all_tasks() - hearing:
                if task.get_name() in ("revisions", "glance"):
                    await end_task(task)
            await _call_deaf(stage, deaf, secret, fresh)


async def _call_deaf(stage: Attacked, deaf: Attacked, secret: str, fresh: str) -> None:
    assert (await deaf.call(secret, "GET", "/components")).status_code == 200

    def replace(tx: Transaction) -> None:
        [old] = list_upstream_keys(tx.session)
        sealed = Seal([stage.sealing_key]).close(fresh)
        replace_upstream_key(tx, old.id, NewUpstreamKey(name="fresh", sealed=sealed, calls_a_minute=None))

    # As another process does, of which this one hears by its database alone.
    database = Database.from_url(stage.database_url).of(ORGANIZATION)
    await Desk(database, stage.desk.clock, stage.desk.policy).write(OPERATOR, replace)
    database.close()
    stage.server.behaviour = taking(fresh)
    assert (await deaf.call(secret, "GET", "/incidents")).status_code == 200
    # It has called with the old one first: it had heard nothing.
    assert [SECRET.encode() in head for head in stage.server.heads[:2]] == [True, True]
    assert stage.states_of_our_keys() == ["active"]
