"""The guard of every API call: whose key it is, whether it is good for the call, and a note of its use.

Nothing here asks the database or waits: the key ring is in memory, and uses are noted in memory. Only where the ring
may be out of date, a call asks the database for its own key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from desk.clock import Clock
from desk.commands import Naming
from desk.keys.check import ADMITTED, Need, Verdict, decide_call, digest_of, find_secret
from desk.keys.ring import KeyRing, RingKey
from desk.keys.rules import KeyState, state_of
from desk.keys.uses import SuspendedUse, UseKind, UseLog, clean_address, clean_user_agent
from handlers.http.answers import Answer, Scope
from handlers.http.auth.addresses import Network, client_address
from handlers.http.errors import UNAUTHENTICATED, not_confident, not_found, page_outside, scope_missing
from storage.mirror import Mirror

_RETRY_AFTER_SECONDS = 2
_ASK_SECONDS = 1.0
_MOST_ASKING = 2
"""At once: where the database does not answer, more would take the threads of all else that waits for it."""


class Caller(NamedTuple):
    """What a call's connection and headers say of whoever makes it."""

    at: datetime
    """When the call came in; it is judged and noted as of then."""
    secret: bytes | None
    """What it presents as its key."""
    address: str | None
    user_agent: bytes | None


class KeyCheck:
    """Checks calls against the key ring and notes their use.

    `is_page` says whether a key's organization has a page. `on_suspended_use` is told of calls with suspended keys
    and must not wait; `on_checked` of what each check found: a verdict, `unknown`, `no_key` or, where the ring may be
    out of date, `unsure`.
    """

    def __init__(
        self,
        ring: Mirror[KeyRing],
        uses: UseLog,
        clock: Clock,
        *,
        distrust_after: timedelta,
        trusted_proxies: Sequence[Network],
        read_key: Callable[[bytes], Awaitable[KeyRing]],
        is_page: Callable[[RingKey, str], bool],
        name_command: Naming,
        on_suspended_use: Callable[[RingKey, SuspendedUse], None],
        on_checked: Callable[[str], None] = lambda _result: None,
    ) -> None:
        self._on_checked = on_checked
        self._ring = ring
        self._uses = uses
        self._clock = clock
        self._distrust_after = distrust_after.total_seconds()
        self._trusted_proxies = trusted_proxies
        self._is_page = is_page
        self._name_command = name_command
        self._on_suspended_use = on_suspended_use
        self._read_key = read_key
        self._asking: set[asyncio.Future[KeyRing]] = set()

    def caller(self, scope: Scope) -> Caller:
        """The caller of an HTTP request."""
        authorization: list[bytes] = []
        forwarded_for: list[bytes] = []
        user_agent: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization.append(value)
            elif name == b"user-agent":
                user_agent = value
            elif name == b"x-forwarded-for":
                forwarded_for.append(value)
        secret = find_secret(authorization)
        if user_agent is not None and secret is not None:
            # Of an imported key nobody could tell later that it is one.
            user_agent = user_agent.replace(secret, b"[masked]")
        client = scope.get("client")
        address = client[0] if client else None
        if forwarded_for:
            address = client_address(address, forwarded_for, self._trusted_proxies)
        return Caller(self._clock.now(), secret, address, user_agent)

    def is_confident(self) -> bool:
        """Whether the ring was seen to be up to date lately; a key revoked elsewhere could still look good if not."""
        return self._ring.age() <= self._distrust_after

    def confident_ring(self) -> KeyRing | None:
        """The ring of all keys, for as long as it is known to be up to date."""
        return self._ring.value if self.is_confident() else None

    async def ask(self, caller: Caller) -> KeyRing | None:
        """A ring of the caller's key alone, as the database has it now, for as long as the ring of all may be out of
        date; None where the database does not answer soon either."""
        if caller.secret is None or len(self._asking) >= _MOST_ASKING:
            return None
        asking = asyncio.ensure_future(self._read_key(digest_of(caller.secret)))
        # One that is given up still holds a thread until the database answers it.
        self._asking.add(asking)
        asking.add_done_callback(self._answered)
        try:
            return await asyncio.wait_for(asyncio.shield(asking), _ASK_SECONDS)
        except (TimeoutError, SQLAlchemyError):
            return None

    def _answered(self, asked: "asyncio.Future[KeyRing]") -> None:
        self._asking.discard(asked)
        if not asked.cancelled():
            # Whoever waited has heard of it.
            asked.exception()

    def admit(
        self, caller: Caller, need: Need | None, page_id: str | None, *, ring: KeyRing | None
    ) -> RingKey | Answer:
        """The key that the caller presented, when it is good for the call; else the refusal, which is noted.

        `need` is None for calls that lead nowhere: any active key may learn that. `ring` is what `confident_ring` or
        `ask` gave.
        """
        secret = caller.secret
        if secret is None:
            self._on_checked("no_key")
            return UNAUTHENTICATED
        if ring is None:
            self._on_checked("unsure")
            return not_confident(_RETRY_AFTER_SECONDS)
        key = ring.get(digest_of(secret))
        if key is None:
            self._on_checked("unknown")
            return UNAUTHENTICATED
        verdict = decide_call(key, need, page_id, caller.at, address=caller.address)
        self._on_checked(verdict)
        if verdict is ADMITTED:
            return key
        is_nowhere = verdict is Verdict.PAGE_OUTSIDE and page_id is not None and not self._is_page(key, page_id)
        if is_nowhere and need is not None:
            # A key for other pages is told of pages that exist; what does not exist is nobody's, and asking is a use.
            self.note(key, UseKind.WRITE if need.write else UseKind.READ, caller, failed=True)
            return not_found()
        self.refuse(key, caller)
        if verdict is Verdict.SCOPE_MISSING and need is not None:
            return scope_missing(need.scope, need.resource, self._name_command)
        if verdict is Verdict.PAGE_OUTSIDE and page_id is not None:
            return page_outside(page_id, self._name_command)
        return UNAUTHENTICATED

    def note(self, key: RingKey, kind: UseKind, caller: Caller, *, failed: bool = False) -> None:
        """Remember that the key was used; `failed`: the call was answered with an error."""
        self._uses.note(key.id, kind, caller.at, caller.address, caller.user_agent, failed=failed)

    def refuse(self, key: RingKey, caller: Caller) -> None:
        """Remember that a call with the key was turned away, and have owners told when the key is suspended."""
        self.note(key, UseKind.REFUSED, caller)
        if state_of(key, caller.at) is KeyState.SUSPENDED:
            agent = clean_user_agent(caller.user_agent)
            use = SuspendedUse(key.id, key.version, caller.at, clean_address(caller.address), agent)
            self._on_suspended_use(key, use)

    def refuse_exposed(self, secret: str, caller: Caller) -> None:
        """Count a refusal against the key that was sent where it must not be, if it is one of ours."""
        key = self._ring.value.get(digest_of(secret.encode()))
        if key is not None:
            self.refuse(key, caller)
