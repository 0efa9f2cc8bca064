"""A server elsewhere has to prove who it is before anything is sent to it."""

from pathlib import Path

import pytest

from handlers.upstream.client import Fault, Limits, Outgoing, ReqwestClient, UpstreamError
from tests.certificates import Certified, certify
from tests.hostile_server import HostileServer, json_answer

AUTHORITY = certify()
CALL = (b"authorization", b"OAuth secret")


async def statuses(client: ReqwestClient, server: HostileServer) -> int:
    """How a call is answered. Raises UpstreamError."""
    async with client.send(Outgoing("GET", f"{server.url}/v1/pages", [CALL])) as answer:
        return answer.status


async def test_a_server_with_a_good_certificate_is_called(tmp_path: Path) -> None:
    """Where its authority is one that the machine trusts, or one that is named."""
    tls = certify(by=AUTHORITY).context(tmp_path)
    trusting, plain = ReqwestClient(authorities=certify().pem + AUTHORITY.pem), ReqwestClient()
    async with HostileServer(json_answer(b"[]"), tls=tls).running() as server:
        assert await statuses(trusting, server) == 200
        with pytest.raises(UpstreamError) as refused:
            await statuses(plain, server)
        assert (refused.value.fault, refused.value.is_harmless) == (Fault.UNTRUSTED, True)
        assert len(server.heads) == 1
    for client in (trusting, plain):
        await client.close()


@pytest.mark.parametrize(
    "shown",
    [
        certify(by=AUTHORITY, days=(-3, -1)),
        certify(by=AUTHORITY, days=(1, 3)),
        certify(by=AUTHORITY, host="statuspage.acme.example"),
        certify(),
        certify(by=certify()),
    ],
    ids=["expired", "not yet good", "another's", "its own", "by nobody known"],
)
async def test_a_server_with_a_bad_one_gets_nothing(tmp_path: Path, shown: Certified) -> None:
    """Neither the key nor anything else of the call."""
    client = ReqwestClient(Limits(), AUTHORITY.pem)
    async with HostileServer(json_answer(b"[]"), tls=shown.context(tmp_path)).running() as server:
        with pytest.raises(UpstreamError) as refused:
            await statuses(client, server)
        assert refused.value.fault is Fault.UNTRUSTED
        assert server.heads == []
    await client.close()
