"""response_url: five answers within thirty minutes to what one person did."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sandbox.clock import Clock, Timing

MAX_USES = 5


@dataclass
class ResponseUrl:
    """Where answers go: the person, the conversation and the message that was acted on, if any."""

    id: str
    secret: str
    user: str
    channel: str
    message_ts: str | None
    thread_ts: str | None
    issued_at: float
    uses: int = 0


class ResponseUrls:
    """Issues response URLs and counts their uses."""

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._timing = timing
        self._issued: dict[str, ResponseUrl] = {}

    def issue(
        self, user: str, channel: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> ResponseUrl:
        """A new response URL."""
        url = ResponseUrl(
            id=str(secrets.randbelow(10**13)),
            secret=secrets.token_urlsafe(18),
            user=user,
            channel=channel,
            message_ts=message_ts,
            thread_ts=thread_ts,
            issued_at=self._clock.now(),
        )
        self._issued[url.id] = url
        return url

    def find(self, id: str, secret: str) -> ResponseUrl | None:
        """The URL with this id and secret."""
        url = self._issued.get(id)
        return url if url is not None and secrets.compare_digest(url.secret, secret) else None

    def find_fault(self, url: ResponseUrl) -> str | None:
        """Slack's code when the URL can no longer be used."""
        if self._clock.now() - url.issued_at > self._timing.response_url_lifetime:
            return "expired_url"
        return "used_url" if url.uses >= MAX_USES else None
