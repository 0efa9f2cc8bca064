"""How an operation reads and writes: its work is one transaction of the desk, in which the key itself acts.

What the desk refuses goes up as it is; `ManagementApi` answers it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from desk.errors import InvalidInputError
from desk.transaction import Actor, Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.bodies import read_members
from handlers.http.fields import Body
from handlers.http.v1.routing import Call, Handler
from storage.deadline import answer_within
from storage.posts import claim_post

CALL_SECONDS = 10.0
"""How long the desk has. What it could not do by then was not done, and may be sent again."""

Look = Callable[[Transaction, Call], Answer]
Work = Callable[[Transaction, Call, Body], Answer]


class Made(NamedTuple):
    """Something that a POST made, as it is now."""

    answer: Answer
    id: str
    mark: str
    """Another one as soon as somebody changes it: its version, or when it was changed last."""


Make = Callable[[Transaction, Call, Body], Made]
Again = Callable[[Transaction, Call, str], Made | None]
"""The thing of this id, as it is now; None when it is gone."""


def reading(desk: Desk, look: Look) -> Handler:
    """A handler that answers what `look` gives."""

    async def handle(call: Call) -> Answer:
        own, actor = _as_key(desk, call)
        with answer_within(CALL_SECONDS):
            return await own.read(actor, lambda tx: look(tx, call))

    return handle


def writing(desk: Desk, work: Work) -> Handler:
    """A handler that answers what `work` gives, once it is kept."""

    async def handle(call: Call) -> Answer:
        body = Body(await read_members(call.headers, call.receive, seconds=call.body_seconds))
        own, actor = _as_key(desk, call)
        with answer_within(CALL_SECONDS):
            return await own.write(actor, lambda tx: work(tx, call, body))

    return handle


def creating(desk: Desk, make: Make, again: Again) -> Handler:
    """As `writing`, for what makes something new. The same call again, after a lost answer perhaps, makes nothing
    more and is answered with what there is, while that is as it was made.

    The same is what has the same key, path and body, or the same `Idempotency-Key`, within a few minutes.
    """

    def work(tx: Transaction, call: Call, body: Body) -> Answer:
        return make_once(
            tx, call, body.members, lambda: make(tx, call, body), lambda made_id: again(tx, call, made_id)
        )

    return writing(desk, work)


def make_once(
    tx: Transaction,
    call: Call,
    members: Mapping[str, Any],
    make: Callable[[], Made],
    again: Callable[[str], Made | None],
) -> Answer:
    """What the call makes or, where it is the same again, what it has made, while that is as it was made."""
    content = _digest(members)
    name = call.header(b"idempotency-key")
    fingerprint = _digest([call.operation, sorted(call.path.items()), name.decode("latin-1") or content])
    row = claim_post(tx.session, call.key.id, fingerprint, content=content, now=tx.now)
    if row.content != content:
        raise InvalidInputError(
            "This Idempotency-Key came with another body before.", "Use a new one for each thing that you make."
        )
    there = again(row.subject_id) if row.subject_id else None
    if there is not None and there.mark == row.mark:
        return there.answer
    made = make()
    row.subject_id, row.mark, row.made_at = made.id, made.mark, tx.now
    return made.answer


def _as_key(desk: Desk, call: Call) -> tuple[Desk, Actor]:
    return desk.of(call.key.organization_id), Actor.key(call.key.id)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
