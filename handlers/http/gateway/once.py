"""A call that makes something, sent so that the same one again makes nothing more, whatever happened to the first.

It is written down before it is sent, with a mark by which an incident is known again. Whoever sends the same within a
few minutes looks what became of it first, in whichever process: nobody has to have survived.
"""

import asyncio
import json
import math
import secrets
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import structlog

from desk.errors import KeydeskError
from desk.transaction import Actor, Desk, Transaction
from desk.upstreams.posts import GONE_AFTER, Next, decide_next
from handlers.http.answers import Header
from handlers.http.errors import answer_to, error_answer, try_again
from handlers.http.gateway.connections import Connection
from handlers.http.gateway.faults import unanswered
from handlers.http.gateway.forwarding import Forward, Forwarder
from handlers.http.gateway.makings import Row
from handlers.http.gateway.posts import LONGEST, Post, named_apart
from handlers.http.gateway.replies import Reply
from handlers.http.v1.writing import CALL_SECONDS
from handlers.upstream.client import Fault, UpstreamError
from storage.database import AWAY
from storage.deadline import answer_within
from storage.upstream_posts import (
    SentPost,
    claim_upstream_post,
    end_post,
    forget_post,
    list_taken,
    take_over_post,
)

T = TypeVar("T")
_LOOK_EVERY = 4.0
_LONGEST_SECONDS = 40.0
"""A call and its answer, from its turn on; shorter than `GONE_AFTER`."""
_OTHER_BODY = error_answer(
    422, "This Idempotency-Key came with another body before. Use a new one for each thing that you make."
)

_log = structlog.get_logger(__name__)


class Moment(StrEnum):
    """Steps of such a call, told to whoever watches."""

    BEGUN = "begun"
    ANSWERED = "answered"
    KEPT = "kept"


class _SaidError(Exception):
    """Upstream says something else than what became of it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Once:
    """Opens answers to calls that make something. A call waits up to `wait_seconds` for what became of the first.

    `on_moment` hears of each step, and `monotonic` tells seconds and never goes back.
    """

    def __init__(
        self,
        desk: Desk,
        forwarder: Forwarder,
        *,
        wait_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
        on_moment: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._desk = desk
        self._forwarder = forwarder
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._on_moment = on_moment
        # Its turn is waited for, too.
        self._gone_after = timedelta(seconds=wait_seconds) + GONE_AFTER
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}

    async def open(self, connection: Connection, post: Post) -> Reply:
        """Make it, or say what it made already. The answer has to be closed."""
        which = (post.call.key.id, post.fingerprint)
        turn = self._turns.setdefault(which, asyncio.Lock())
        try:
            async with asyncio.timeout(max(self._wait_seconds, 0.01)):
                await turn.acquire()
        except TimeoutError:
            return Reply.of(_still(_LOOK_EVERY))
        try:
            return await self._carry_out(connection, post)
        except _SaidError as said:
            return said.reply
        except AWAY as error:
            _log.warning("database_away", key_id=post.call.key.id, error=str(error))
            return Reply.of(try_again("Keydesk's database does not answer at the moment. Please try again."))
        except KeydeskError as refusal:
            return Reply.of(answer_to(refusal))
        finally:
            turn.release()
            if not turn.locked() and self._turns.get(which) is turn:
                del self._turns[which]

    async def _carry_out(self, connection: Connection, post: Post) -> Reply:
        until = self._monotonic() + self._wait_seconds
        new = _new_mark()
        if post.marked(new) is None:
            return await self._forwarder.open(connection, named_apart(post.call, post.content))
        while True:
            (sent, is_mine), now = await self._write(post, partial(_claim, post=post, mark=new))
            if is_mine:
                return await self._send(connection, post, sent)
            step = decide_next(sent, now, gone_after=self._gone_after)
            if step.next is not Next.SEND_ANEW and sent.content != post.content:
                return Reply.of(_OTHER_BODY)
            if (reply := await self._look(connection, post, sent, step.next)) is not None:
                return reply
            wait = (step.again_at - now).total_seconds() if step.again_at is not None else 0.0
            if wait > 0:
                pause = min(wait, _LOOK_EVERY)
                if self._monotonic() + pause > until:
                    return Reply.of(_still(wait))
                await asyncio.sleep(pause)
                continue
            # Should the first be carried out all the same, both have one mark.
            mark = sent.mark if step.next is Next.LOOK_FOR_IT else new
            take_over = partial(_take_over, sent=sent, content=post.content, mark=mark)
            mine, _ = await self._write(post, take_over)
            if mine is not None:
                return await self._send(connection, post, mine)

    async def _look(self, connection: Connection, post: Post, sent: SentPost, step: Next) -> Reply | None:
        if step is Next.LOOK_AT_IT:
            return await self._look_at(connection, post, sent)
        return await self._look_for(connection, post, sent) if step is Next.LOOK_FOR_IT else None

    async def _send(self, connection: Connection, post: Post, sent: SentPost) -> Reply:
        self._on_moment(Moment.BEGUN)
        call = post.marked(sent.mark)
        assert call is not None
        try:
            # Whoever takes it for gone must be right.
            async with asyncio.timeout(self._wait_seconds + _LONGEST_SECONDS):
                reply = await self._forwarder.open(connection, call)
        except TimeoutError:
            await self._keep(post, lambda tx: end_post(tx.session, sent, tx.now))
            return Reply.of(unanswered(connection.base_url, UpstreamError(Fault.SILENT)), was_done=None)
        except Exception:
            await self._keep(post, lambda tx: end_post(tx.session, sent, tx.now))
            raise
        self._on_moment(Moment.ANSWERED)
        if reply.was_done is False:
            await self._keep(post, lambda tx: forget_post(tx.session, sent))
            return reply
        made = post.find_made(reply) if reply.was_done else None
        _, subject_id, made_as = made or (None, None, None)
        await self._keep(post, lambda tx: end_post(tx.session, sent, tx.now, subject_id=subject_id, made_as=made_as))
        self._on_moment(Moment.KEPT)
        return reply

    async def _look_at(self, connection: Connection, post: Post, sent: SentPost) -> Reply | None:
        """What was made, if it is as it was made; None: it became something else, so this is a new one."""
        assert sent.subject_id is not None
        reply = await self._read(connection, post, f"/v1/{post.making.look_at(sent.subject_id)}")
        if reply.status == 404:
            return None
        if reply.status != 200 or not reply.is_whole:
            raise _SaidError(reply)
        made = post.find_made(reply, sent.subject_id)
        return _said_again(post, made[0]) if made is not None and made[2] == sent.made_as else None

    async def _look_for(self, connection: Connection, post: Post, sent: SentPost) -> Reply | None:
        """What was made, if upstream has it."""

        async def ask(path: str) -> Any:
            reply = await self._read(connection, post, path)
            try:
                if reply.status == 200 and reply.is_whole:
                    return json.loads(reply.body)
            except ValueError:
                pass
            raise _SaidError(reply if reply.status >= 400 else Reply.of(_unclear(), was_done=None))

        async def is_taken(ids: Collection[str]) -> Collection[str]:
            organization = self._desk.of(post.call.key.organization_id)
            with answer_within(CALL_SECONDS):
                return await organization.read(
                    Actor.key(post.call.key.id), lambda tx: list_taken(tx.session, sent, ids)
                )

        row = await post.making.find(ask, sent, post.members, is_taken)
        if row is None:
            return None
        if (made := post.tell(row)) is not None:
            _, subject_id, made_as = made
            await self._keep(
                post, lambda tx: end_post(tx.session, sent, tx.now, subject_id=subject_id, made_as=made_as)
            )
        return _said_again(post, row)

    async def _read(self, connection: Connection, post: Post, target: str) -> Reply:
        call = Forward(post.call.key, "GET", target, _ASKING, None, must_be_whole=4 * LONGEST)
        reply = await self._forwarder.open(connection, call)
        await reply.close()
        return reply

    async def _write(self, post: Post, work: Callable[[Transaction], T]) -> tuple[T, datetime]:
        key = post.call.key
        with answer_within(CALL_SECONDS):
            return await self._desk.of(key.organization_id).write(Actor.key(key.id), lambda tx: (work(tx), tx.now))

    async def _keep(self, post: Post, work: Callable[[Transaction], object]) -> None:
        """Write down what became of it. Where that fails, the next one looks for the mark."""
        try:
            await self._write(post, work)
        except (KeydeskError, *AWAY) as error:
            _log.warning("upstream_post_not_kept", key_id=post.call.key.id, error=str(error))


_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))
_ASKING: tuple[Header, ...] = ((b"accept", b"application/json"),)


def _claim(tx: Transaction, post: Post, mark: str) -> tuple[SentPost, bool]:
    key_id = post.call.key.id
    return claim_upstream_post(tx.session, key_id, post.fingerprint, content=post.content, mark=mark, now=tx.now)


def _take_over(tx: Transaction, sent: SentPost, content: str, mark: str) -> SentPost | None:
    return take_over_post(tx.session, sent, content=content, mark=mark, now=tx.now)


def _said_again(post: Post, row: Row) -> Reply:
    body = json.dumps(row, ensure_ascii=False).encode(errors="surrogatepass")
    headers = [*_JSON, (b"content-length", b"%d" % len(body))]
    return Reply(post.making.success, headers, body, was_done=True)


def _still(seconds: float) -> Any:
    return error_answer(
        503,
        "The same call was sent before, and it is not known yet what became of it. Nothing was sent now: please try"
        " again.",
        (b"retry-after", b"%d" % max(math.ceil(seconds), 1)),
    )


def _unclear() -> Any:
    return error_answer(
        502, "The same call was sent before, and Statuspage does not say what became of it. Nothing was sent now."
    )


def _new_mark() -> str:
    return secrets.token_hex(12)
