"""What the settings say of a Statuspage elsewhere: the seal, and the keys that they name themselves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from pyreqwest.exceptions import PyreqwestError

from bot.settings import Settings
from bot.settings.values import list_secrets, parse_dated_key
from desk.errors import KeydeskError
from desk.secret import Secret
from desk.upstreams.keys import CALLS_A_MINUTE
from handlers.http.gateway.connections import OpenKey
from handlers.upstream.access import NO_SEAL
from handlers.upstream.client import ReqwestClient
from storage.sealing import Seal, SealError


def find_seal(settings: Settings) -> Seal | None:
    """What seals keys of Statuspage; None where no encryption key is set."""
    keys = list_secrets(settings.encryption_keys)
    return Seal(keys) if keys else None


def get_seal(settings: Settings) -> Seal:
    """The same. Raises KeydeskError where there is none."""
    seal = find_seal(settings)
    if seal is None:
        raise NO_SEAL
    return seal


def can_open(seal: Seal | None, sealed: str) -> bool:
    """Whether the encryption keys that there are open it."""
    try:
        return seal is not None and bool(seal.open(sealed))
    except SealError:
        return False


def list_setting_keys(settings: Settings) -> Sequence[OpenKey]:
    """The keys of Statuspage that the settings name."""
    return [
        OpenKey(f"setting {number}", Secret(key.value), key.calls or CALLS_A_MINUTE, _end_of(key.day))
        for number, key in enumerate(map(parse_dated_key, list_secrets(settings.statuspage_keys)), start=1)
    ]


def make_upstream_client(settings: Settings) -> ReqwestClient:
    """What calls Statuspages. Raises KeydeskError where a file of authorities is none."""
    path = settings.upstream_ca_file
    try:
        authorities = path.read_bytes() if path is not None else b""
        client = ReqwestClient(authorities=authorities)
    except (OSError, ValueError, PyreqwestError) as error:
        raise KeydeskError(f"KEYDESK_UPSTREAM_CA_FILE cannot be read: {error}", "Name a file in PEM.") from error
    if path is not None and b"-----BEGIN CERTIFICATE-----" not in authorities:
        raise KeydeskError("In KEYDESK_UPSTREAM_CA_FILE there is no certificate.", "Name a file in PEM.")
    return client


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time.max, UTC) if day is not None else None
