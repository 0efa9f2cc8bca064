"""The guard of every API call: whose key it is, whether it is good for the call, and a note of its use.

Nothing here asks the database or waits: the key ring is in memory, and uses are noted in memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.clock import Clock
from desk.key_check import Need, Verdict, decide_call, digest_of, find_secret
from desk.key_ring import KeyRing, RingKey
from desk.key_state import KeyState, state_of
from desk.uses import Knock, UseKind, UseLog, clean_address, clean_user_agent
from handlers.http.addresses import Network, client_address
from handlers.http.answers import Answer, Scope
from handlers.http.errors import UNAUTHENTICATED, not_confident, page_outside, scope_missing
from storage.mirror import Mirror

_RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Caller:
    """What a call's connection and headers say of whoever makes it."""

    authorization: Sequence[bytes]
    address: str | None
    user_agent: bytes | None


class KeyCheck:
    """Checks calls against the key ring. `on_knock` is told of calls with suspended keys and must not wait."""

    def __init__(
        self,
        ring: Mirror[KeyRing],
        uses: UseLog,
        clock: Clock,
        *,
        distrust_after: timedelta,
        trusted_proxies: Sequence[Network],
        on_knock: Callable[[Knock], None],
    ) -> None:
        self._ring = ring
        self._uses = uses
        self._clock = clock
        self._distrust_after = distrust_after.total_seconds()
        self._trusted_proxies = trusted_proxies
        self._on_knock = on_knock

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
        client = scope.get("client")
        address = client_address(client[0] if client else None, forwarded_for, self._trusted_proxies)
        return Caller(authorization, address, user_agent)

    def is_confident(self) -> bool:
        """Whether the ring was seen to be up to date lately; a key revoked elsewhere could still look good if not."""
        return self._ring.age() <= self._distrust_after

    def authenticate(self, caller: Caller) -> RingKey | Answer:
        """The active key that the caller presented, or the refusal."""
        secret = find_secret(caller.authorization)
        if secret is None:
            return UNAUTHENTICATED
        if not self.is_confident():
            return not_confident(_RETRY_AFTER_SECONDS)
        key = self._ring.value.get(digest_of(secret))
        if key is None:
            return UNAUTHENTICATED
        now = self._clock.now()
        state = state_of(key, now)
        if state is KeyState.ACTIVE:
            return key
        self._refuse(key, state, caller, now)
        return UNAUTHENTICATED

    def permit(self, key: RingKey, need: Need, page_id: str | None) -> Answer | None:
        """None when the key is good for the call, else the refusal."""
        verdict = decide_call(key, need, page_id, self._clock.now())
        if verdict is Verdict.ADMITTED:
            return None
        if verdict is Verdict.SCOPE_MISSING:
            return scope_missing(need.scope, need.resource)
        if verdict is Verdict.PAGE_OUTSIDE and page_id is not None:
            return page_outside(page_id)
        return UNAUTHENTICATED

    def note(self, key: RingKey, kind: UseKind, caller: Caller) -> None:
        """Remember that the key was used."""
        self._uses.note(key.id, kind, self._clock.now(), caller.address, caller.user_agent)

    def refuse_exposed(self, secret: bytes, caller: Caller) -> None:
        """Count a refusal against the key that was sent where it must not be, if it is one of ours."""
        key = self._ring.value.get(digest_of(secret))
        if key is not None:
            now = self._clock.now()
            self._refuse(key, state_of(key, now), caller, now)

    def _refuse(self, key: RingKey, state: KeyState, caller: Caller, now: datetime) -> None:
        self._uses.note(key.id, UseKind.REFUSED, now, caller.address, caller.user_agent)
        if state is KeyState.SUSPENDED:
            agent = clean_user_agent(caller.user_agent)
            self._on_knock(Knock(key.id, key.version, now, clean_address(caller.address), agent))
