"""Where a call comes from."""

import pytest

from handlers.http.auth.addresses import client_address, parse_networks

TRUSTED = parse_networks(["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", [b"198.51.100.7"], "192.0.2.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", [b"198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"203.0.113.5, 198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"203.0.113.5, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("10.1.2.3", [b"203.0.113.5", b"198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"10.0.0.1, 127.0.0.1"], "10.0.0.1"),
        ("10.1.2.3", [b"198.51.100.7:4711"], "198.51.100.7"),
        ("10.1.2.3", [b"[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.1.2.3", [b"2001:db8::7"], "2001:db8::7"),
        ("2001:db8:ffff::1", [b"2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.1.2.3", [b"198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"198.51.100.7, unknown"], "10.1.2.3"),
        ("10.1.2.3", [b"unknown, 10.2.2.2"], "10.2.2.2"),
        ("10.1.2.3", [b""], "10.1.2.3"),
        ("10.1.2.3", [b"\xff\xfe<script>"], "10.1.2.3"),
        (None, [b"198.51.100.7"], None),
        ("not-an-address", [b"198.51.100.7"], "not-an-address"),
    ],
)
def test_the_nearest_address_that_no_trusted_proxy_has(
    peer: str | None, forwarded: list[bytes], address: str | None
) -> None:
    """X-Forwarded-For counts only behind trusted proxies, and only back to the first one that is not trusted."""
    assert client_address(peer, forwarded, TRUSTED) == address


def test_nobody_is_trusted_without_a_setting() -> None:
    """Without trusted proxies the header is never read, not even from this machine."""
    assert client_address("127.0.0.1", [b"198.51.100.7"], ()) == "127.0.0.1"


def test_networks_are_addresses_or_ranges() -> None:
    """A single address is a network of one; anything else is refused."""
    assert [str(network) for network in parse_networks(["127.0.0.1", " ::1 ", "10.1.2.3/8", ""])] == [
        "127.0.0.1/32",
        "::1/128",
        "10.0.0.0/8",
    ]
    with pytest.raises(ValueError, match="proxy"):
        parse_networks(["proxy.example"])
