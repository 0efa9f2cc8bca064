"""Where a call comes from, when proxies stand between."""

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Networks from addresses and CIDR ranges. Raises ValueError on anything else."""
    return tuple(ipaddress.ip_network(word.strip(), strict=False) for word in words if word.strip())


def client_address(peer: str | None, forwarded_for: Sequence[bytes], trusted: Sequence[Network]) -> str | None:
    """The caller's address: the peer's, or the nearest one in `X-Forwarded-For` that no trusted proxy has.

    The header is read only as far as trusted proxies wrote it: anyone can send one.
    """
    if not trusted or not forwarded_for or not _is_trusted(peer, trusted):
        return peer
    hops = [hop.strip() for line in forwarded_for for hop in line.decode("latin-1").split(",")]
    nearest = peer
    for hop in reversed(hops):
        address = _find_address(hop)
        if address is None:
            break
        nearest = address
        if not _is_trusted(address, trusted):
            break
    return nearest


def _find_address(hop: str) -> str | None:
    # Some proxies add the port: 192.0.2.1:4711 or [2001:db8::1]:4711.
    text = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # A zone ("%eth0") may be any text, and says nothing away from the proxy.
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _is_trusted(address: str | None, trusted: Sequence[Network]) -> bool:
    if address is None:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in trusted)
