"""Every key in memory, as the check of a call needs it: in few bytes each, and brought up to date by what changed."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

from sqlalchemy import Executable, Text, cast, select
from sqlalchemy.orm import Session

from storage.models import ApiKey, KeyStatus


@dataclass(frozen=True, slots=True)
class RingKey:
    """What the check of a call needs to know of a key."""

    id: str
    organization_id: str
    version: int
    status: KeyStatus
    scopes: frozenset[str]
    pages: frozenset[str] | None
    """Page ids; None: all pages of its organization."""
    networks: frozenset[str] | None
    """Where it is called from; None: anywhere."""
    expires_at: datetime
    retires_at: datetime | None
    """End of the grace period after rotation."""
    components: frozenset[str] | None = None
    """The only ones that it changes; None: any. The desk asks for itself (`desk.permissions.require_components`)."""


class Shape(NamedTuple):
    """What many keys have in common. Lists are as they are stored."""

    organization_id: str
    status: str
    scopes: str
    pages: str | None
    networks: str | None
    components: str | None


class _Shapes:
    """Numbers for shapes, for as long as a key has them."""

    def __init__(self) -> None:
        self._numbers: dict[Shape, int] = {}
        self._known: list[Shape | None] = []
        self._keys: list[int] = []
        self._free: list[int] = []

    def __getitem__(self, number: int) -> Shape | None:
        return self._known[number]

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, shape: Shape) -> int:
        number = self._numbers.get(shape)
        if number is None:
            if not self._free:
                self._known.append(None)
                self._keys.append(0)
                self._free.append(len(self._known) - 1)
            number = self._numbers[shape] = self._free.pop()
            self._known[number] = shape
        self._keys[number] += 1
        return number

    def give_back(self, number: int) -> None:
        self._keys[number] -= 1
        shape = self._known[number]
        if not self._keys[number] and shape is not None:
            del self._numbers[shape]
            self._known[number] = None
            self._free.append(number)


_RECORD = Struct("<qqII")
"""When it expires, when it retires, its version, the number of its shape; its id follows."""
_NEVER = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATELY = 16_384
"""So many keys that called lately are kept as they are asked for."""


class KeyRing:
    """SHA-256 of a secret → its key. Suspended, revoked and expired keys are in it too: their use is counted.

    One thread at a time may `put`; any may look meanwhile. A key is two strings of bytes, which the garbage
    collector passes over however many there are, and stands in one of 256 tables, none of which takes long to grow.
    """

    def __init__(self) -> None:
        self._tables: list[dict[bytes, bytes]] = [{} for _ in range(256)]
        self._shapes = _Shapes()
        self._lately: dict[bytes, tuple[bytes, RingKey]] = {}

    def __len__(self) -> int:
        """How many keys there are."""
        return sum(map(len, self._tables))

    @property
    def shapes(self) -> int:
        """How many shapes its keys have."""
        return len(self._shapes)

    def get(self, digest: bytes) -> RingKey | None:
        """The key of a secret by its digest (`digest_of`); None where it is nobody's."""
        table = self._tables[digest[0]]
        record = table.get(digest)
        lately = self._lately.get(digest)
        if lately is not None and lately[0] is record:
            return lately[1]
        while record is not None:
            key = self._read(record)
            # Whoever puts another in its place may have given its shape's number away meanwhile.
            if table.get(digest) is record and key is not None:
                if len(self._lately) >= _LATELY:
                    self._lately.clear()
                self._lately[digest] = (record, key)
                return key
            record = table.get(digest)
        return None

    def put(
        self,
        digest: bytes,
        key_id: str,
        version: int,
        expires_at: datetime,
        retires_at: datetime | None,
        shape: Shape,
    ) -> None:
        """Have the key as it is now."""
        number = self._shapes.take(shape)
        retires = _NEVER if retires_at is None else _microseconds(retires_at)
        record = _RECORD.pack(_microseconds(expires_at), retires, version, number) + key_id.encode()
        table = self._tables[digest[0]]
        before = table.get(digest)
        table[digest] = record
        if before is not None:
            self._shapes.give_back(_RECORD.unpack_from(before)[3])

    def _read(self, record: bytes) -> RingKey | None:
        expires, retires, version, number = _RECORD.unpack_from(record)
        shape = self._shapes[number]
        if shape is None:
            return None
        return RingKey(
            record[_RECORD.size :].decode(),
            shape.organization_id,
            version,
            KeyStatus(shape.status),
            _set_of(shape.scopes) or frozenset(),
            _set_of(shape.pages),
            _set_of(shape.networks),
            _EPOCH + expires * _MICROSECOND,
            None if retires == _NEVER else _EPOCH + retires * _MICROSECOND,
            _set_of(shape.components),
        )


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


# Thousands of keys share a handful of scope and page lists, so each list is read from its JSON once.
@lru_cache(maxsize=4096)
def _set_of(stored: str | None) -> frozenset[str] | None:
    names = None if stored is None else json.loads(stored)
    return None if names is None else frozenset(names)


_ROWS = select(
    ApiKey.sha256,
    ApiKey.id,
    ApiKey.version,
    ApiKey.expires_at,
    ApiKey.retires_at,
    ApiKey.organization_id,
    ApiKey.status,
    cast(ApiKey.scopes, Text),
    cast(ApiKey.pages, Text),
    cast(ApiKey.networks, Text),
    cast(ApiKey.components, Text),
)
_AT_ONCE = 1000


def read_key_ring(session: Session) -> KeyRing:
    """All keys of all organizations as the database has them now."""
    ring = KeyRing()
    _put_all(ring, _rows(session, _ROWS))
    return ring


def read_one_key(session: Session, digest: bytes) -> KeyRing:
    """A ring of the key of one secret alone; an empty one where it is nobody's."""
    ring = KeyRing()
    _put_all(ring, _rows(session, _ROWS.where(ApiKey.sha256 == digest.hex())))
    return ring


def follow_key_ring(session: Session, ring: KeyRing, revision: int) -> KeyRing:
    """The same ring with what changed of the keys since `revision`."""
    _put_all(ring, _rows(session, _ROWS.where(ApiKey.revision > revision)))
    return ring


def _rows(session: Session, query: Executable) -> Iterator[Any]:
    return iter(session.execute(query, execution_options={"yield_per": _AT_ONCE}))


def _put_all(ring: KeyRing, rows: Iterable[Any]) -> None:
    for sha256, key_id, version, expires_at, retires_at, *shape in rows:
        ring.put(bytes.fromhex(sha256), key_id, version, expires_at, retires_at, Shape(*shape))
