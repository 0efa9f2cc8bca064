"""A POST as it goes to upstream: by which mark what it makes is known again, and whose it is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.http.answers import find_header
from handlers.http.gateway.forwarding import Forward
from handlers.http.gateway.replies import Reply
from handlers.upstream.marks import put_mark

LONGEST = 1024 * 1024
"""Bytes of an answer that are read to know what was made."""

_IDEMPOTENCY = b"idempotency-key"


def mark_of(mark: str) -> Mapping[str, str]:
    """A mark as it stands in an incident's metadata."""
    return {"call": mark}


@dataclass(frozen=True, slots=True)
class Post:
    """A call that makes an incident on a page; `members` is what it says."""

    call: Forward
    page_id: str
    members: Mapping[str, Any]

    @property
    def content(self) -> str:
        """A digest of what it says."""
        return _digest(self.members)

    @property
    def fingerprint(self) -> str:
        """What another one has, if it is the same."""
        named = find_header(self.call.headers, b"idempotency-key").decode("latin-1")
        return _digest([self.call.target, named or self.content])

    def marked(self, mark: str) -> Forward | None:
        """The call with the mark in what it says, and a name of its own; None where there is no place for it."""
        fields = self.members.get("incident", self.members)
        if not isinstance(fields, dict) or not isinstance(fields.get("metadata") or {}, dict):
            return None
        with_mark = put_mark(fields, mark_of(mark))
        body = {**self.members, "incident": with_mark} if "incident" in self.members else with_mark
        # Whatever name its caller gave it: with another mark it is another call.
        unnamed = replace(self.call, headers=[one for one in self.call.headers if one[0] != _IDEMPOTENCY])
        call = named_apart(unnamed, mark)
        return replace(call, body=json.dumps(body).encode(), must_be_whole=max(LONGEST, call.must_be_whole))


def named_apart(call: Forward, content: Any) -> Forward:
    """The call by a name of its own: to upstream all calls are by one key, and two callers may say the same."""
    said = find_header(call.headers, _IDEMPOTENCY).decode("latin-1")
    name = _digest([call.key.id, call.target, said or content]).encode()
    headers = [one for one in call.headers if one[0] != _IDEMPOTENCY]
    return replace(call, headers=[*headers, (_IDEMPOTENCY, name)])


def find_made(reply: Reply) -> tuple[str, str] | None:
    """The id of an incident, and what tells it as it is now."""
    try:
        row = json.loads(reply.body) if reply.is_whole else None
    except ValueError:
        return None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not 0 < len(row["id"]) <= 64:
        return None
    updates = row.get("incident_updates")
    ids = [one.get("id") for one in updates if isinstance(one, dict)] if isinstance(updates, list) else []
    # Not when it was changed last: that moves where nobody said anything.
    return row["id"], _digest([row.get("name"), row.get("status"), row.get("scheduled_for"), ids])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
