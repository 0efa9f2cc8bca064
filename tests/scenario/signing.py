"""Requests as Slack signs them, whatever is in them."""

import hashlib
import hmac
import http.client
import json
import time
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.factories import INES, TEAM
from tests.scenario.running import SIGNING_SECRET


class Answer(NamedTuple):
    """What came back."""

    status_code: int
    text: str


class Signer:
    """Sends what Slack would have signed."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        # One connection, and no client that takes longer than the answer: these are thousands of requests.
        self._connection = http.client.HTTPConnection(where.netloc, timeout=60)
        self._path = where.path

    def close(self) -> None:
        """Send no more."""
        self._connection.close()

    def send(self, fields: dict[str, Any]) -> Answer:
        """As a form, as Slack does."""
        body = urlencode(fields).encode()
        stamp = str(int(time.time()))
        digest = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={digest}",
        }
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, response.read().decode())

    def interact(self, **payload: Any) -> Answer:
        """A click or a form of somebody who manages incidents."""
        whole = {"user": {"id": INES}, "team": {"id": TEAM}, "trigger_id": "1.2.abc", **payload}
        return self.send({"payload": json.dumps(whole)})
