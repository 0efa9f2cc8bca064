"""Tests talk to this machine only. Anything else is refused, and fails the test even if the code hides that."""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_attempts: list[str] = []
_LOOKED_UP = "socket.getaddrinfo"
_WATCHED = frozenset({"socket.connect", "socket.sendto", _LOOKED_UP})
_LOCAL_NAMES = {"", "localhost", "ip6-localhost", "testserver"}


def _name(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)


def _find_address(host: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(_name(host))
    except ValueError:
        return None


def _is_local(host: object) -> bool:
    if host is None or _name(host) in _LOCAL_NAMES:
        return True
    address = _find_address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _refuse(host: object) -> None:
    _attempts.append(_name(host))
    raise PermissionError(f"tests may not reach {_name(host)}: the network ends at this machine")


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    # Python tells of each `id()` as well, a thousand times in a test: what is none of ours goes by at one glance.
    if event not in _WATCHED:
        return
    if event != _LOOKED_UP:
        address = arguments[1]
        # A Unix socket's address is a path, an internet socket's is (host, port, …).
        if isinstance(address, tuple) and not _is_local(address[0]):
            _refuse(address[0])
    elif not _is_local(arguments[0]) and _find_address(arguments[0]) is None:
        # A name is asked of a server elsewhere; an address is only put into another form.
        _refuse(arguments[0])


def guard_network() -> None:
    """Refuse, from now on and for good, connections and name look-ups that leave the machine."""
    sys.addaudithook(_watch)


@contextmanager
def watch_network() -> Iterator[list[str]]:
    """The hosts that somebody tried to reach within the block; they were refused."""
    outer = list(_attempts)
    _attempts.clear()
    try:
        yield _attempts
    finally:
        _attempts[:] = outer
