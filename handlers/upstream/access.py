"""Trying a key of a Statuspage elsewhere that somebody has just given, and sealing it."""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.errors import InvalidInputError, KeydeskError
from desk.secret import Secret
from desk.upstreams.copies import PageThere
from handlers.upstream.client import UpstreamClient
from handlers.upstream.reading import UpstreamReader
from storage.sealing import Seal

NO_SEAL = KeydeskError(
    "No encryption key is set, so a key of Statuspage cannot be kept.",
    "Set KEYDESK_ENCRYPTION_KEYS to what 'keydesk upstream encryption-key' prints, or name the key itself in"
    " KEYDESK_STATUSPAGE_KEYS.",
)


def check_upstream_secret(text: str, *, field: str = "") -> Secret:
    """A key of Statuspage, as somebody gave it. Raises InvalidInputError, which does not repeat it."""
    key = text.strip()
    if not 8 <= len(key) <= 512 or not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidInputError(
            "That is no key of Statuspage.", "Copy it from Statuspage's page for API keys.", field=field or None
        )
    return Secret(key)


@dataclass(frozen=True, slots=True)
class UpstreamAccess:
    """What it takes to try a key and to keep it."""

    client: UpstreamClient
    seal: Seal | None

    def close(self, secret: Secret) -> str:
        """It sealed. Raises KeydeskError where no encryption key is set."""
        if self.seal is None:
            raise NO_SEAL
        return self.seal.close(secret.reveal())

    async def check(self, base_url: str, secret: Secret) -> None:
        """Raise KeydeskError unless the Statuspage there takes it."""
        await UpstreamReader(self.client, base_url, secret.reveal()).check()

    async def read(self, base_url: str, secret: Secret) -> Sequence[PageThere]:
        """All its pages. Raises KeydeskError."""
        return await UpstreamReader(self.client, base_url, secret.reveal()).read_pages()
