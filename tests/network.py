"""Tests talk to this machine only. Anything else is refused, and fails the test even if the code hides that."""

import _socket
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

_attempts: list[str] = []
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


def _guard_address(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def guarded(*arguments: Any) -> Any:
        # A Unix socket's address is a path, an internet socket's is (host, port, …).
        address = arguments[-1]
        if isinstance(address, tuple) and not _is_local(address[0]):
            _refuse(address[0])
        return inner(*arguments)

    return guarded


def _guard_name(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def guarded(host: object, *arguments: Any, **named: Any) -> Any:
        # A name is asked of a server elsewhere; an address is only put into another form.
        if not _is_local(host) and _find_address(host) is None:
            _refuse(host)
        return inner(host, *arguments, **named)

    return guarded


def guard_network() -> None:
    """Refuse, from now on and for good, connections and name look-ups that leave the machine.

    By an audit hook it would be a line less, and a fortieth of all the time: Python tells such a one of each `id()`.
    """
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guard_address(getattr(socket.socket, name)))
    _socket.getaddrinfo = _guard_name(_socket.getaddrinfo)


@contextmanager
def watch_network() -> Iterator[list[str]]:
    """The hosts that somebody tried to reach within the block; they were refused."""
    outer = list(_attempts)
    _attempts.clear()
    try:
        yield _attempts
    finally:
        _attempts[:] = outer
