"""A call that makes something, as it goes to upstream: what it makes, and whose it is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.http.answers import find_header
from handlers.http.gateway.forwarding import Forward
from handlers.http.gateway.makings import Making, Row, read_json
from handlers.http.gateway.replies import Reply

LONGEST = 1024 * 1024
"""Bytes of an answer that are read to know what was made."""

_IDEMPOTENCY = b"idempotency-key"


@dataclass(frozen=True, slots=True)
class Post:
    """A call that makes something; `members` is what it says."""

    call: Forward
    making: Making
    members: Mapping[str, Any]

    @property
    def content(self) -> str:
        """A digest of what it says."""
        return _digest(self.members)

    @property
    def fingerprint(self) -> str:
        """What another one has, if it is the same."""
        named = find_header(self.call.headers, _IDEMPOTENCY).decode("latin-1")
        # A POST is told without its method, as it always was: what was begun before an upgrade is known after it.
        method = [self.call.method] if self.call.method != "POST" else []
        return _digest([*method, self.call.target, named or self.content])

    def marked(self, mark: str) -> Forward | None:
        """The call with the mark in what it says, and a name of its own; None where it cannot be known again."""
        body = self.making.put_mark(self.members, mark)
        if body is None:
            return None
        # Whatever name its caller gave it: with another mark it is another call.
        unnamed = replace(self.call, headers=[one for one in self.call.headers if one[0] != _IDEMPOTENCY])
        call = named_apart(unnamed, mark)
        return replace(call, body=json.dumps(body).encode(), must_be_whole=max(LONGEST, call.must_be_whole))

    def find_made(self, reply: Reply, subject_id: str | None = None) -> tuple[Row, str, str] | None:
        """What was made, in upstream's answer; its id, and what tells it as it is now."""
        row = self.making.pick(read_json(reply.body), subject_id) if reply.is_whole else None
        return self.tell(row) if row is not None else None

    def tell(self, row: Row) -> tuple[Row, str, str] | None:
        """The same of what was found."""
        made_id = self.making.id_of(row)
        return (row, made_id, _digest(self.making.facts(row))) if made_id is not None else None


def named_apart(call: Forward, content: Any) -> Forward:
    """The call by a name of its own: to upstream all calls are by one key, and two callers may say the same."""
    said = find_header(call.headers, _IDEMPOTENCY).decode("latin-1")
    name = _digest([call.key.id, call.target, said or content]).encode()
    headers = [one for one in call.headers if one[0] != _IDEMPOTENCY]
    return replace(call, headers=[*headers, (_IDEMPOTENCY, name)])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
