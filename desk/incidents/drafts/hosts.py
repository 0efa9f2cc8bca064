"""Which addresses the public cannot reach, or should not see. Pure."""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote

_INTERNAL_ENDINGS = (
    ".local",
    ".internal",
    ".intranet",
    ".corp",
    ".lan",
    ".home.arpa",
    ".localhost",
    ".localdomain",
    ".test",
    ".consul",
    ".svc",
    ".cluster",
    ".k8s",
    ".prod",
    ".preprod",
    ".staging",
    ".stage",
    ".uat",
)
"""No page for everybody ends so. `dev`, `qa` and `int` are missing because pages for everybody do."""
_SLACK_FOR_ALL = frozenset({"slack.com", "www.slack.com", "status.slack.com", "api.slack.com"})
"""Slack's hosts that show the same to everybody."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):(.*)", re.DOTALL)
_HOST = re.compile(r"[\w.%-]+")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What no eye sees besides the characters that Unicode counts as format."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address that decide who may see it, as a browser would read them."""

    scheme: str
    host: str
    has_password: bool


def without_unseen(text: str) -> str:
    """A text without its invisible characters, which browsers leave out of a host."""
    return "".join(sign for sign in _UNSEEN.sub("", text) if unicodedata.category(sign) != "Cf")


def read_address(url: str) -> Address:
    """The parts of an address, however oddly it is written; never raises."""
    url = without_unseen(unicodedata.normalize("NFKC", url)).strip()
    scheme, rest = "", url
    if match := _SCHEME.fullmatch(url):
        scheme, rest = match[1].lower(), match[2]
    rest = rest.replace("\\", "/")
    if scheme in ("http", "https"):
        # Browsers take any number of slashes.
        rest = "//" + rest.lstrip("/")
    if not rest.startswith("//"):
        _, at, host = rest.partition("@") if scheme == "mailto" else ("", "", "")
        return Address(scheme, _host_of(host) if at else "", has_password=False)
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    person, _, place = authority.rpartition("@")
    return Address(scheme, _host_of(place), has_password=":" in person)


def _host_of(place: str) -> str:
    if place.startswith("["):
        return place[1:].partition("]")[0].partition("%")[0].lower()
    # A browser takes the full stop of Chinese and Japanese for a dot.
    match = _HOST.match(place.replace("。", "."))
    if match is None:
        return ""
    return without_unseen(unicodedata.normalize("NFKC", unquote(match[0]))).lower().strip("._-")


def without_password(url: str) -> str:
    """An address that holds a password, fit to be shown: nothing before the host is left of it."""
    url = unicodedata.normalize("NFKC", url)
    return f"{url.partition(':')[0]}://…@{url.rpartition('@')[2]}"


def is_slack_link(address: Address) -> bool:
    """Whether it leads into a Slack workspace: a message, a file, a person."""
    if address.scheme == "slack" or address.host == "slack-files.com":
        return True
    return address.host.endswith(".slack.com") and address.host not in _SLACK_FOR_ALL


def is_internal_host(host: str, patterns: Sequence[str] = ()) -> bool:
    """Whether only people inside can reach the host: by its name, its address, or one of the patterns."""
    host = host.lower().strip(".")
    if not host:
        return False
    if any(fnmatchcase(host, pattern.lower()) for pattern in patterns):
        return True
    address = _ip_address(host)
    if address is not None:
        return not address.is_global
    return "." not in host or host.endswith(_INTERNAL_ENDINGS)


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _short_address(host)
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _short_address(host: str) -> ipaddress.IPv4Address | None:
    # Browsers read 127.1, 0x7f.0.0.1 and 2130706433 as 127.0.0.1.
    if not re.fullmatch(r"[0-9a-fx.]+", host) or not host[0].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
