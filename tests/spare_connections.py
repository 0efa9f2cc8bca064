"""Connections to PostgreSQL that one test leaves to the next: beginning one takes longer than most tests do."""

import os
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.pool import ConnectionPoolEntry

SPARE = "lending"
"""The name under which the server knows connections that no test has."""

_FORGET = f"""\
CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; SET application_name = '{SPARE}'
"""
"""`DISCARD ALL`, but for prepared statements, which psycopg believes to be there still."""

Place = tuple[str, str]


class SpareConnections:
    """Those to databases that are lent, each as good as new: nothing of a session is left in them."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._kept: dict[Place, list[psycopg.Connection[Any]]] = {}
        self._plain: WeakSet[psycopg.Connection[Any]] = WeakSet()

    def begin(self, url: str) -> None:
        """Keep what is closed from now on of the database at an address."""
        self._kept[_place_of(make_url(url))] = []

    def end(self, url: str) -> None:
        """Keep no more of it."""
        for connection in self._kept.pop(_place_of(make_url(url))):
            connection.close()

    def serve(self, engine: Engine) -> None:
        """Let an engine have them when it connects, and leave its own when it closes them."""
        pool: Any = engine.pool
        dialect: Any = engine.dialect
        dialect.do_close = self._leave
        if engine.url.query.keys() != {"host"}:
            # It asks for a session of its own kind.
            return
        place = _place_of(engine.url)
        connect = pool._creator

        def take_or_connect(entry: ConnectionPoolEntry) -> Any:
            connection = self._take(place) or connect(entry)
            self._plain.add(connection)
            return connection

        pool._creator = take_or_connect

    def _take(self, place: Place) -> psycopg.Connection[Any] | None:
        kept = self._kept.get(place, [])
        while kept and self._is_ours():
            connection = kept.pop()
            try:
                connection.execute("RESET application_name")
                connection.autocommit = False
            except psycopg.Error:
                # Somebody has ended it meanwhile.
                connection.close()
            else:
                return connection
        return None

    def _leave(self, connection: psycopg.Connection[Any]) -> None:
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        place = (connection.info.host, connection.info.dbname) if idle else ("", "")
        kept = self._kept.get(place)
        if kept is None or connection not in self._plain or not self._is_ours():
            connection.close()
            return
        try:
            connection.autocommit = True
            connection.execute(_FORGET, prepare=False)
        except psycopg.Error:
            connection.close()
        else:
            kept.append(connection)
            if self._kept.get(place) is not kept:
                # The database went meanwhile.
                connection.close()

    def _is_ours(self) -> bool:
        """Whether this is the process that they were made in: two cannot speak on one line."""
        return os.getpid() == self._process


def _place_of(url: URL) -> Place:
    return str(url.query["host"]), str(url.database)
