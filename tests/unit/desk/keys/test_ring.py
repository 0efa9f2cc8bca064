"""Every key in memory, as the database has it."""

from datetime import timedelta

from desk.keys.check import read_key_ring
from desk.secret import Secret
from storage.database import Database
from storage.models import KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import add_key


def test_the_ring_has_every_key_in_every_state(database: Database) -> None:
    """Suspended and revoked keys are in the ring too, with scopes, pages and times as stored."""
    secrets = [Secret.generate() for _ in range(3)]
    with database.write() as session:
        plain = add_key(session, NOW, sha256=secrets[0].sha256)
        narrow = add_key(
            session,
            NOW,
            sha256=secrets[1].sha256,
            scopes=["read", "components:write"],
            pages=["p00000000001"],
            status=KeyStatus.SUSPENDED,
            retires_at=NOW + timedelta(hours=3, microseconds=5),
        )
        gone = add_key(session, NOW, sha256=secrets[2].sha256, status=KeyStatus.REVOKED, pages=[])
    with database.read() as session:
        ring = read_key_ring(session)
    found = [ring[bytes.fromhex(secret.sha256)] for secret in secrets]
    assert [key.id for key in found] == [plain.id, narrow.id, gone.id]
    assert [key.status for key in found] == [KeyStatus.ACTIVE, KeyStatus.SUSPENDED, KeyStatus.REVOKED]
    assert found[0].scopes == {"read"}
    assert found[1].scopes == {"read", "components:write"}
    assert [key.pages for key in found] == [None, frozenset({"p00000000001"}), frozenset()]
    assert found[0].expires_at == NOW + timedelta(days=90)
    assert found[1].retires_at == NOW + timedelta(hours=3, microseconds=5)
    assert found[0].retires_at is None


def test_an_empty_database_has_an_empty_ring(database: Database) -> None:
    """Without keys nothing is found, and nothing fails."""
    with database.read() as session:
        assert read_key_ring(session) == {}
