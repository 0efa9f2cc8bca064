"""What settings show of themselves: everything but passwords, whatever somebody wrote."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.settings.sources import SECRETS
from bot.settings.table import Settings

_MASK = "***"
_ADDRESSES = frozenset({"KEYDESK_DATABASE_URL", "KEYDESK_DATABASE_DIRECT_URL", "KEYDESK_SLACK_PROXY"})
"""Secrets of which everything but the password may be shown."""
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|auth|credential", re.IGNORECASE)
_PARAMETER = re.compile(r"(?P<name>[^?&;#=\s]+)=(?P<value>[^&;#]*)")
_WORD = re.compile(r"(?P<name>\w+)\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|\S+)")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def show_setting(variable: str, text: str) -> str:
    """A setting's value without the secrets in it."""
    if variable in _ADDRESSES:
        # Of what nobody understands, nobody knows where the password is.
        return hide_passwords(text) if _is_address(text) else "…"
    if variable in SECRETS:
        return f"{text[:5]}…" if text[:5] in ("xoxb-", "xapp-") else "…"
    return hide_passwords(text)


def hide_passwords(text: str) -> str:
    """A text without the passwords of addresses in it: before the host, in the query, in options and in DSNs."""
    scheme, found, rest = text.partition("://")
    head, text = (scheme + found, rest) if found else ("", text)
    # An unescaped @, / or ? may be a part of the password, so that the last @ counts.
    before, at, after = text.rpartition("@")
    if at:
        user, colon, _ = before.partition(":")
        is_named = bool(colon) or not scheme.startswith("http")
        text = f"{user if is_named and found else ''}{f':{_MASK}' if colon or not is_named else ''}@{after}"
    form = _PARAMETER if found or "?" in text else _WORD
    return _UNSHOWN.sub("\ufffd", head + form.sub(_hide, text))


def list_passwords(address: str) -> Iterator[str]:
    """The passwords in an address that is one."""
    url = make_url(address)
    if url.password is not None:
        yield str(url.password)
    for name, value in url.query.items():
        if _SECRET_NAME.search(name):
            yield from [value] if isinstance(value, str) else value


def secrets_in(settings: Settings) -> Iterator[str]:
    """Every secret that the settings hold, whatever its shape; of an address its password alone."""
    addresses = [settings.database_url]
    if settings.database_direct_url is not None:
        addresses.append(settings.database_direct_url)
    if settings.slack_proxy is not None:
        addresses.append(settings.slack_proxy.get_secret_value())
    for address in addresses:
        yield from list_passwords(address)
    for name, value in settings:
        if isinstance(value, SecretStr) and name != "slack_proxy":
            # Some hold several, with something behind each.
            yield from (item.partition("@")[0] for item in value.get_secret_value().split(","))


def _hide(found: re.Match[str]) -> str:
    name, value = unquote_plus(found["name"]), unquote_plus(found["value"])
    if _SECRET_NAME.search(name) or _SECRET_NAME.search(value) or "@" in value:
        return f"{found['name']}={_MASK}"
    return found.group()


def _is_address(text: str) -> bool:
    try:
        make_url(text.strip())
    except (ArgumentError, ValueError):
        return False
    return True
