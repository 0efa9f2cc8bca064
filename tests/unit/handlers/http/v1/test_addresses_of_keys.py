"""Keys that are called from certain addresses alone, directly and behind proxies."""

import pytest

from handlers.http.app import HttpSettings
from handlers.http.auth.addresses import parse_networks
from tests.unit.handlers.http.conftest import Site

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOME, PEER = "192.0.2.7", "127.0.0.1"
"""Where the key is at home, and who the test's client is."""


async def _status(site: Site, secret: str, forwarded: str | None = None) -> int:
    headers = {"Authorization": f"OAuth {secret}"} | ({"X-Forwarded-For": forwarded} if forwarded else {})
    return (await site.client.get("/v1/pages", headers=headers)).status_code


async def test_what_a_client_says_of_itself_counts_for_nothing(site: Site) -> None:
    """Without proxies that are trusted the peer is the caller, whatever it sends; a call from outside is no use."""
    (away, secret), (_, near) = site.key(networks=[f"{HOME}/32"]), site.key(networks=[f"{PEER}/32", f"{HOME}/32"])
    assert await _status(site, secret) == 401
    assert await _status(site, secret, HOME) == 401
    assert await _status(site, near) == 200
    assert await site.use(away) == (0, 0, 2)


async def test_from_outside_a_key_is_as_good_as_unknown(site: Site) -> None:
    """Byte for byte, on every path, whatever its scopes and pages."""
    _, secret = site.key(networks=[f"{HOME}/32"], pages=["otherpage000"], scopes=["incidents:write"])
    for path in ("/v1/pages", f"/v1/pages/{site.page().id}", "/v1/nothing", "/keydesk/v1/me"):
        refused, unknown = await site.get(path, secret), await site.get(path, "kd_unknown")
        assert (refused.status_code, refused.content, refused.headers) == (401, unknown.content, unknown.headers)


@pytest.mark.parametrize("http_settings", [HttpSettings(trusted_proxies=parse_networks([PEER, "10.0.0.0/8"]))])
async def test_behind_a_proxy_its_word_counts(site: Site) -> None:
    """The nearest address that no trusted proxy has is the caller's; what stands before it was written by anybody."""
    _, secret = site.key(networks=[f"{HOME}/32"])
    assert await _status(site, secret, HOME) == 200
    assert await _status(site, secret, f"203.0.113.1, {HOME}, 10.1.1.1") == 200
    assert await _status(site, secret, f"::ffff:{HOME}") == 200
    assert await _status(site, secret, f"{HOME}, 203.0.113.1") == 401
    assert await _status(site, secret) == 401
