"""The forms that settings take: each turns the text of a variable into a value, or raises ValueError.

The sentence that a person sees is not here: every setting says itself what it expects.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy import make_url
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import ArgumentError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")
_CALL_BUDGET = re.compile(r"[0-9a-z]{12}\s*=\s*\d{1,4}")
_HOST_PATTERN = re.compile(r"(?=.*[^*.])[\w*](?:[\w.*-]*[\w*])?")
_COMMAND_PREFIX = re.compile(r"(?:[a-z0-9][a-z0-9_-]{0,19})?")
"""Slack takes 32 characters with the slash, of which the longest command needs 12."""
_DRIVERS = {"sqlite", "postgresql", "postgres", "postgresql+psycopg"}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _secret(pattern: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, secret.get_secret_value()):
            raise ValueError("malformed")
        return secret

    return AfterValidator(check)


def _matching(text: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def parse_weekday(text: str) -> int:
    """`Monday` or `mon` is 0, and so on."""
    for number, name in enumerate(_DAYS):
        if text.strip().lower() in (name, name[:3]):
            return number
    raise ValueError(text)


def parse_weekdays(text: str) -> frozenset[int]:
    """Days and ranges of days, as in `mon-fri` or `sat,sun`. A range may pass the end of the week."""
    days: set[int] = set()
    for item in _items(text):
        first, _, last = item.partition("-")
        start = parse_weekday(first)
        length = (parse_weekday(last) - start) % 7 if last else 0
        days.update((start + step) % 7 for step in range(length + 1))
    if not days:
        raise ValueError(text)
    return frozenset(days)


def parse_time(text: str) -> time:
    """A time of day, as in `09:00`."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    return time(int(match[1]), int(match[2]))


def parse_hours(text: str) -> tuple[time, time]:
    """From when until when, as in `09:00-17:00`, within one day."""
    start, _, end = text.partition("-")
    hours = parse_time(start), parse_time(end)
    if hours[0] >= hours[1]:
        raise ValueError(text)
    return hours


def parse_zone(text: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(text.strip())
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error


def parse_address(text: str) -> str:
    """An http or https address with a host and without query; given back without a slash at its end."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(text)
    return text.strip().rstrip("/")


def parse_base_url(text: str) -> str:
    """An address of a host alone: pages, links and scripts begin at its root."""
    address = parse_address(text)
    parts = urlsplit(address)
    if parts.path or "@" in parts.netloc:
        raise ValueError(text)
    return address


def parse_database_url(text: str) -> str:
    """An address that names SQLite or PostgreSQL."""
    try:
        url = make_url(text.strip())
    except ArgumentError as error:
        raise ValueError("not an address") from error
    if url.drivername not in _DRIVERS or not url.database or not url.database.isprintable():
        raise ValueError("not a database that Keydesk knows")
    if url.get_backend_name() == "sqlite":
        # Its options are numbers and names of ours to check: no server refuses them.
        SQLiteDialect_pysqlite().create_connect_args(url)
    return text.strip()


def parse_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, as in `127.0.0.1, 10.0.0.0/8`."""
    return tuple(ipaddress.ip_network(item) for item in _items(text))


def parse_host_patterns(text: str) -> tuple[str, ...]:
    """Host names in lower case, in which `*` may stand for any part, as in `*.corp.example, wiki`."""
    return tuple(_matching(item.lower(), _HOST_PATTERN) for item in _items(text))


def parse_call_budgets(text: str) -> Mapping[str, int]:
    """Keys and how many calls they have, as in `keyid0000001=300, keyid0000002=0`."""
    budgets: dict[str, int] = {}
    for item in _items(text):
        key_id, number = _matching(item, _CALL_BUDGET).split("=")
        budgets[key_id.strip()] = int(number)
    if any(number > 6000 for number in budgets.values()):
        raise ValueError(text)
    return budgets


def parse_command_prefix(text: str) -> str:
    """What Slack allows in the name of a command, and short enough that the longest one still fits."""
    return _matching(text.removeprefix("/"), _COMMAND_PREFIX)


def parse_app_name(text: str) -> str:
    """A name that Slack's manifest takes."""
    name = text.strip()
    if not 1 <= len(name) <= 35 or not name.isprintable():
        raise ValueError(text)
    return name


def is_proxy(text: str) -> bool:
    """Whether the text is the address of a proxy that Slack's client can go by; it may hold a password."""
    try:
        parts = urlsplit(text)
        is_alone = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.port != 0
    except ValueError:
        return False
    return is_alone and parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)


def parse_proxy(secret: SecretStr) -> SecretStr:
    """An address of a proxy."""
    text = secret.get_secret_value().strip()
    if not is_proxy(text):
        raise ValueError("not an address of a proxy")
    return SecretStr(text.rstrip("/"))


BotToken = Annotated[SecretStr, _secret(r"xoxb-\S+")]
AppToken = Annotated[SecretStr, _secret(r"xapp-\S+")]
SigningSecret = Annotated[SecretStr, _secret(r"\S+")]
ProxyAddress = Annotated[SecretStr, AfterValidator(parse_proxy)]
UserIds = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda text: tuple(_matching(item, _USER_ID) for item in _items(text))),
]
ChannelId = Annotated[str, BeforeValidator(lambda text: _matching(text, _CHANNEL_ID))]
Weekday = Annotated[int, BeforeValidator(parse_weekday)]
Weekdays = Annotated[frozenset[int], NoDecode, BeforeValidator(parse_weekdays)]
TimeOfDay = Annotated[time, BeforeValidator(parse_time)]
Hours = Annotated[tuple[time, time], NoDecode, BeforeValidator(parse_hours)]


def _each(check: Callable[[str], object]) -> AfterValidator:
    def each(secret: SecretStr) -> SecretStr:
        items = _items(secret.get_secret_value())
        if not items:
            raise ValueError("empty")
        for item in items:
            check(item)
        return SecretStr(",".join(items))

    return AfterValidator(each)


def list_secrets(secret: SecretStr | None) -> Sequence[str]:
    """The secrets in a setting that holds several."""
    return _items(secret.get_secret_value()) if secret is not None else ()


class DatedKey(NamedTuple):
    """A key, the last day on which it works, and how many calls a minute it is good for, where they are said."""

    value: str
    day: date | None
    calls: int | None


def parse_dated_key(text: str) -> DatedKey:
    """A key and what stands behind it, as in `0123abcd`, `0123abcd@2027-01-31` or `0123abcd@2027-01-31/120`."""
    key, _, rest = text.partition("@")
    day, _, calls = rest.partition("/")
    if not re.fullmatch(r"[\x21-\x7e]{8,512}", key) or not re.fullmatch(r"([1-9][0-9]{0,5})?", calls):
        raise ValueError("malformed")
    return DatedKey(key, date.fromisoformat(day) if day else None, int(calls) if calls else None)


EncryptionKeys = Annotated[SecretStr, _each(Fernet)]
DatedKeys = Annotated[SecretStr, _each(parse_dated_key)]
AppName = Annotated[str, BeforeValidator(parse_app_name)]
CallBudgets = Annotated[Mapping[str, int], NoDecode, BeforeValidator(parse_call_budgets)]
CommandPrefix = Annotated[str, BeforeValidator(parse_command_prefix)]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone)]
Address = Annotated[str, BeforeValidator(parse_address)]
BaseUrl = Annotated[str, BeforeValidator(parse_base_url)]
DatabaseUrl = Annotated[str, BeforeValidator(parse_database_url)]
LimitCode = Annotated[Literal[420, 429], BeforeValidator(int)]
HostPatterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_host_patterns)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(parse_networks)]
