"""What the settings say of a Statuspage elsewhere: the seal, and the keys that they name themselves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from bot.settings import Settings
from bot.settings.values import list_secrets, parse_dated_key
from desk.errors import KeydeskError
from desk.secret import Secret
from desk.upstreams.keys import CALLS_A_MINUTE
from handlers.http.gateway.connections import OpenKey
from storage.sealing import Seal


def find_seal(settings: Settings) -> Seal | None:
    """What seals keys of Statuspage; None where no encryption key is set."""
    keys = list_secrets(settings.encryption_keys)
    return Seal(keys) if keys else None


def get_seal(settings: Settings) -> Seal:
    """The same. Raises KeydeskError where there is none."""
    seal = find_seal(settings)
    if seal is None:
        raise KeydeskError(
            "No encryption key is set, so a key of Statuspage cannot be kept.",
            "Set KEYDESK_ENCRYPTION_KEYS to what 'keydesk upstream encryption-key' prints, or name the key itself in"
            " KEYDESK_STATUSPAGE_KEYS.",
        )
    return seal


def list_setting_keys(settings: Settings) -> Sequence[OpenKey]:
    """The keys of Statuspage that the settings name."""
    return [
        OpenKey(f"setting {number}", Secret(key), CALLS_A_MINUTE, _end_of(day))
        for number, item in enumerate(list_secrets(settings.statuspage_keys), start=1)
        for key, day in (parse_dated_key(item),)
    ]


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time.max, UTC) if day is not None else None
