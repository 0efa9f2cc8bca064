"""Keydesk's own key is replaced while calls go on, and its server takes the old one no more: no call fails."""

import asyncio

from desk.transaction import Desk, Transaction
from desk.upstreams.keys import NewUpstreamKey, list_upstream_keys, replace_upstream_key
from storage.sealing import Seal
from tests.contract.gateway_stage import EVERYTHING, OPERATOR, mint
from tests.contract.hostile_stage import SECRET, attacked
from tests.databases import both_databases
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
