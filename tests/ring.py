"""What a key ring holds, to be compared."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.keys.ring import KeyRing, RingKey
from storage.models import ApiKey


def everything_in(ring: KeyRing, session: Session) -> Mapping[str, RingKey | None]:
    """What the ring gives for every key of the database, by id."""
    rows = session.execute(select(ApiKey.id, ApiKey.sha256))
    return {key_id: ring.get(bytes.fromhex(sha256)) for key_id, sha256 in rows}
