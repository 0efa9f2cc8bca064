"""What people and their programs do, and what they were told of it: that is held against Keydesk later."""

import http.client
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.demo.assembly import STATUS_CHANNEL
from sandbox.player import Json, NotOnScreenError, Player, SandboxRefusedError, find_label, words_of
from tests.soak.schedules import Deed
from tests.soak.stage import OWNERS, World

MIA, MAX, INES, OMAR, OLIVIA = "U0MIA00001", "U0MAX00001", "U0INES0001", "U0OMAR0001", "U0OLIVIA01"
_ASKERS = (MIA, MAX, INES)
_SECRET = re.compile(r"kd_\w{38}")
_GIVEN_BACK = "You wrote:"
_NOT_DONE = "nothing was changed by this click"
_INCIDENTS = "/v1/pages/acmepage0001/incidents"
_TRIES = 4
Told = Literal["done", "not done", "unclear"]
"""What somebody was told: it is done, it is not, or neither (as where Slack shows an error of its own)."""


@dataclass(slots=True)
class Collected:
    """A key whose secret somebody has seen."""

    name: str
    secret: str = field(repr=False)
    revoked: Told = "not done"


@dataclass(slots=True)
class Ledger:
    """What was promised to whom."""

    asked: dict[str, Told] = field(default_factory=dict)
    """By the names of requested keys."""
    collected: dict[str, Collected] = field(default_factory=dict)
    published: dict[str, Told] = field(default_factory=dict)
    """By the names of incidents, from Slack and by API."""
    resolved: set[str] = field(default_factory=set)
    """Incidents that the API said are resolved."""
    is_doubled: bool = False
    """Whether Slack may have delivered something twice: one of two that were asked may say that it did nothing."""
    wrong: list[str] = field(default_factory=list)
    """What somebody saw that must never be."""
    notes: list[str] = field(default_factory=list)
    """What happened, in a few words, for whoever reads of a failure."""


class People:
    """Everybody, in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = iter(range(1, 1000))
        self.ledger = Ledger()
        self._lock = threading.Lock()

    def do(self, deed: Deed) -> None:
        """Do it, as far as what is needed for it is there."""
        try:
            _DEEDS[deed](self)
        except (SandboxRefusedError, NotOnScreenError, OSError, http.client.HTTPException) as error:
            self.ledger.notes.append(f"{deed}: {type(error).__name__} {str(error)[:160]}")
        finally:
            for user_id in (MIA, MAX, INES, OMAR, OLIVIA):
                self._close_all(user_id)

    def person(self, user_id: str) -> Player:
        """Somebody."""
        return self._world.control.person(user_id)

    def _close_all(self, user_id: str) -> None:
        player = self.person(user_id)
        while player.views():
            try:
                player.close()
            except SandboxRefusedError:
                return

    def ask(self) -> None:
        """Ask for a key in one line."""
        number = next(self._numbers)
        name = f"key {number:02}"
        self.ledger.asked[name] = "unclear"
        said = words_of(
            self.person(_ASKERS[number % len(_ASKERS)]).type_command(
                f'/keys request "{name}" scope:read page:acme for 30d because the soak asks'
            )
            or {}
        )
        self.ledger.asked[name] = _told(said, name)

    def approve(self) -> None:
        """Omar approves what waits."""
        self._decide(OMAR, "Approve")

    def approve_twice(self) -> None:
        """Both owners press at the same moment."""
        with ThreadPoolExecutor(2) as both:
            pressed = [both.submit(self._decide, one, "Approve") for one in (OMAR, OLIVIA)]
        for each in pressed:
            each.result()

    def deny(self) -> None:
        """Olivia denies what waits, with a reason."""
        olivia = self.person(OLIVIA)
        if self._decide(OLIVIA, "Deny") and olivia.views():
            [block] = [one for one in olivia.modal["blocks"] if one["type"] == "input"]
            olivia.submit(**{block["block_id"]: "The soak denies"})

    def _decide(self, user_id: str, label: str) -> bool:
        card = _with_button(self.person(user_id).messages(OWNERS), label)
        if card is not None:
            self.person(user_id).press(label, card)
        return card is not None

    def collect(self) -> None:
        """Whoever may collect a key does, and sees its secret at most once."""
        for user_id in _ASKERS:
            player = self.person(user_id)
            card = _with_button(player.direct_messages(), "Collect my key")
            if card is None:
                continue
            player.press("Collect my key", card)
            for view in player.views():
                self._note_secret(view)
            return

    def _note_secret(self, view: Json) -> None:
        found = _SECRET.search(json.dumps(view))
        if found is None:
            return
        words = words_of(view)
        name = next((one for one in self.ledger.asked if one in words), None)
        if name is None:
            self.ledger.wrong.append(f"a secret was shown for no key that was asked for: {words[:200]}")
        elif name in self.ledger.collected:
            if self.ledger.collected[name].secret != found.group():
                # The first one may have been made void, since nobody could have seen it for certain.
                self.ledger.collected[f"{name} (again)"] = Collected(name, found.group())
        else:
            self.ledger.collected[name] = Collected(name, found.group())

    def call(self) -> None:
        """A program calls with each key, by each replica."""
        for key in self.ledger.collected.values():
            for status in self._ask_all("GET", "/v1/pages", key.secret):
                if status == 401 and key.revoked == "not done":
                    self.ledger.notes.append(f"401 for {key.name}")

    def revoke(self) -> None:
        """Omar revokes the first key that is still good."""
        key = next((one for one in self.ledger.collected.values() if one.revoked == "not done"), None)
        if key is None:
            return
        key.revoked = "unclear"
        line = f'/keys revoke "{key.name}" because the soak revokes'
        said = words_of(self.person(OMAR).type_command(line, channel=OWNERS) or {})
        if _NOT_DONE in said:
            key.revoked = "not done"
        elif _GIVEN_BACK not in said and "revoked" in said.lower():
            key.revoked = "done"

    def publish(self) -> None:
        """Ines writes an incident in a line, and presses Publish."""
        name, ines = f"incident {next(self._numbers):02}", self.person(INES)
        ines.type_command(
            f'/incident new "{name}" on acme component:search=partial_outage We look.', channel=STATUS_CHANNEL
        )
        if not ines.views():
            return
        preview = ines.modal
        if find_label(preview, "Publish") != "Publish" and (label := find_label(preview, "It is something else")):
            ines.press(label, preview)
            preview = ines.modal
        self.ledger.published[name] = "unclear"
        ines.press("Publish", preview)
        if f"*{name}* is on the page" in words_of(ines.modal):
            self.ledger.published[name] = "done"

    def publish_there(self) -> None:
        """Ines does the same on the page that a Statuspage keeps."""
        name, ines = f"far {next(self._numbers):02}", self.person(INES)
        ines.type_command(f'/incident new "{name}" on faraway We look.', channel=STATUS_CHANNEL)
        if ines.views():
            ines.press("Publish", ines.modal)

    def post(self) -> None:
        """A program posts an incident, and sends the same again until it is answered."""
        name = f"posted {next(self._numbers):02}"
        self.ledger.published[name] = "unclear"
        body = {"incident": {"name": name, "body": "It is slow."}}
        for turn in range(_TRIES):
            status, said = self._call(turn, "POST", _INCIDENTS, self._world.secret, body)
            if status == 201:
                self.ledger.published[name] = "done"
                if said["name"] != name:
                    self.ledger.wrong.append(f"{name} was answered with {said['name']}")
                return

    def resolve(self) -> None:
        """A program resolves the first open incident that it posted."""
        name = next(
            (
                one
                for one, told in self.ledger.published.items()
                if told == "done" and one.startswith("posted") and one not in self.ledger.resolved
            ),
            None,
        )
        if name is None:
            return
        for turn in range(_TRIES):
            status, rows = self._call(turn, "GET", f"{_INCIDENTS}?limit=100", self._world.secret)
            if status != 200:
                continue
            found = [row["id"] for row in rows if row["name"] == name]
            if len(found) != 1:
                self.ledger.wrong.append(f"the API lists {name} {len(found)} times, of {len(rows)}")
                return
            body = {"incident": {"status": "resolved", "body": "It is over."}}
            status, _ = self._call(turn, "PATCH", f"{_INCIDENTS}/{found[0]}", self._world.secret, body)
            if status == 200:
                self.ledger.resolved.add(name)
                return

    def digest(self) -> None:
        """Omar looks at the digest."""
        self.person(OMAR).type_command("/keys digest", channel=OWNERS)

    def _ask_all(self, method: str, path: str, secret: str) -> list[int]:
        return [self._call(number, method, path, secret)[0] for number in range(len(self._world.replicas))]

    def _call(self, turn: int, method: str, path: str, secret: str, body: Json | None = None) -> tuple[int, Any]:
        """One call by one of the replicas; status 0 where there was no answer."""
        replica = self._world.replicas[turn % len(self._world.replicas)]
        connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=10)
        try:
            sent = None if body is None else json.dumps(body)
            headers = {"Authorization": f"OAuth {secret}", "Content-Type": "application/json"}
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()


def _told(said: str, name: str) -> Told:
    if _NOT_DONE in said:
        return "not done"
    return "done" if name in said and _GIVEN_BACK not in said else "unclear"


def _with_button(messages: list[Json], label: str) -> Json | None:
    return next((one for one in messages if find_label(one, label) == label), None)


_DEEDS = {
    Deed.ASK: People.ask,
    Deed.APPROVE: People.approve,
    Deed.APPROVE_TWICE: People.approve_twice,
    Deed.DENY: People.deny,
    Deed.COLLECT: People.collect,
    Deed.CALL: People.call,
    Deed.REVOKE: People.revoke,
    Deed.PUBLISH: People.publish,
    Deed.PUBLISH_THERE: People.publish_there,
    Deed.POST: People.post,
    Deed.RESOLVE: People.resolve,
    Deed.DIGEST: People.digest,
}
