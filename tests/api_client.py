"""Calls of our API over a real socket, as a client that knows nothing of us makes them."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed
from tests.factories import add_key


def mint_key(desk: Desk, **values: Any) -> tuple[str, str]:
    """A new key: its id and its secret."""
    secret = Secret.generate()

    def add(tx: Transaction) -> str:
        key = add_key(tx.session, tx.now, sha256=secret.sha256, **values)
        keys_changed(tx, key.id)
        return key.id

    return desk.write_now(Actor.operator("test"), add), secret.reveal()


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A client at `url`, with a key."""

    url: str
    secret: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One call over a connection of its own: the code, and what was answered."""
        where = urlsplit(self.url)
        given = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)) as connection:
            connection.request(method, f"/v1/{path}", given, {"Authorization": f"OAuth {self.secret}", **headers})
            response = connection.getresponse()
            said = response.read()
            return response.status, json.loads(said) if said else None
