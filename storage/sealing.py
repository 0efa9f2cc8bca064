"""Secrets that the database keeps so that only who has the encryption keys can read them."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealError(Exception):
    """What is kept cannot be opened with the encryption keys that there are. The text says so without the value."""


class Seal:
    """Seals with the first of its keys and opens with any, so that a new one can be put before the old.

    Keys are Fernet's: 32 random bytes in URL-safe base64. What is sealed is not altered unnoticed, and looks another
    way each time.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a seal needs a key")
        self._fernet = MultiFernet([Fernet(key.encode()) for key in keys])

    def close(self, plaintext: str) -> str:
        """The text that is kept."""
        return self._fernet.encrypt(plaintext.encode()).decode()

    def open(self, sealed: str) -> str:
        """The plaintext. Raises SealError."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealError("it was sealed with an encryption key that is not set") from None

    @staticmethod
    def make_key() -> str:
        """A new key for a seal."""
        return Fernet.generate_key().decode()

    def renew(self, sealed: str) -> str:
        """The same, under the first key. Raises SealError."""
        return self.close(self.open(sealed))
