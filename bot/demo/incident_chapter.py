"""The tour's chapter about an incident: from a few words in Slack to the page, and back to operational."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.demo.assembly import STATUS_CHANNEL
from bot.demo.looking import ask, check, close_all, short, until, with_button
from sandbox.player import Control, Json, Player, words_of

_NAME = "Checkout errors"
_LINE = f'/incident new "{_NAME}" on acme component:search=partial_outage We are looking into it. :eyes:'


@dataclass(frozen=True, slots=True)
class IncidentChapter:
    """The story of an incident, told to customers while it goes on."""

    sandbox_url: str
    api_url: str

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """What is done, in order; each gives what was seen."""
        return (
            self.write,
            self.publish,
            self.read_the_page,
            self.read_the_channel,
            self.meet_the_double,
            self.update,
            self.resolve,
            self.read_the_past,
        )

    def _person(self, user_id: str) -> Player:
        return Control(self.sandbox_url).person(user_id)

    @property
    def _ines(self) -> Player:
        return self._person("U0INES0001")

    @property
    def _max(self) -> Player:
        return self._person("U0MAX00001")

    def write(self) -> str:
        """Ines types one line, and sees exactly what customers will read."""
        self._type(self._ines, _LINE)
        words = words_of(self._ines.modal)
        check("We are looking into it. 👀" in words, f"the preview does not show the text: {words}")
        return f"“{short(self._ines.modal)}”"

    def publish(self) -> str:
        """She presses Publish."""
        self._ines.press("Publish", self._ines.modal)
        said = short(self._ines.modal)
        self._ines.close()
        return f"“{said}”"

    def read_the_page(self) -> str:
        """Customers see it: in HTML, JSON and the feed."""
        for path in ("/", "/history.atom"):
            until(partial(self._find_at, path), f"the incident at {path}")
        summary = self._summary()
        state = next(row["status"] for row in summary["components"] if row["name"] == "Search")
        check(state == "partial_outage", f"Search is {state} in summary.json")
        return f"summary.json says “{summary['status']['description']}”, Search is {state}."

    def read_the_channel(self) -> str:
        """The channel #status has a message with buttons, and a thread."""
        head = until(lambda: self._head("Update"), "the incident in #status")
        replies = until(lambda: self._ines.thread(STATUS_CHANNEL, head["ts"]) or None, "a thread below it")
        return f"“{short(head, limit=70)}” with {len(replies)} reply."

    def meet_the_double(self) -> str:
        """Max reports the same, and is shown what is open already."""
        self._type(self._max, '/incident new "Search is broken" on acme component:search=major_outage All of it?')
        words = words_of(self._max.modal)
        check("open already" in words, f"nothing was said of the double: {words}")
        self._max.press("Update that one instead", self._max.modal)
        told = short(self._max.modal, limit=60)
        close_all(self._max)
        return f"He could update it instead: “{told}”"

    def update(self) -> str:
        """Ines says more, in one line."""
        self._type(self._ines, "/incident update identified A deployment broke it. We roll it back.")
        self._publish()
        until(lambda: True if "roll it back" in self._get("/") else None, "the update on the page")
        head = until(lambda: self._head("Update", "Identified"), "the head message to say so")
        until(partial(self._has_replies, head["ts"], 2), "both updates in the thread")
        return "The head message was edited in place, and its thread has both updates."

    def _has_replies(self, ts: str, count: int) -> bool | None:
        return True if len(self._ines.thread(STATUS_CHANNEL, ts)) == count else None

    def resolve(self) -> str:
        """She presses Resolve in the channel: Search returns to operational in the same step."""
        self._ines.press("Resolve", until(lambda: self._head("Resolve"), "a Resolve button"))
        check(not self._ines.submit(), "the form was not accepted")
        check("Operational" in words_of(self._ines.modal), "the preview does not say that Search comes back")
        self._publish()
        until(lambda: None if self._summary()["incidents"] else True, "the incident to be over on the page")
        return f"summary.json says “{self._summary()['status']['description']}”."

    def read_the_past(self) -> str:
        """The incident has a permalink with its timeline."""
        found = next(one for one in self._json("/api/v2/incidents.json")["incidents"] if one["name"] == _NAME)
        page = self._get(f"/incidents/{found['id']}/")
        check("roll it back" in page, "the permalink does not tell the story")
        return f"{self.api_url}/incidents/{found['id']} has all {len(found['incident_updates'])} updates."

    def _type(self, player: Player, line: str) -> None:
        """Type a line; at the very start the members of user groups may not be read yet."""

        def typed() -> bool | None:
            player.type_command(line, channel=STATUS_CHANNEL)
            return True if player.views() else None

        until(typed, "a window with the preview")

    def _publish(self) -> None:
        self._ines.press("Publish", self._ines.modal)
        close_all(self._ines)

    def _find_at(self, path: str) -> bool | None:
        return True if _NAME in self._get(path) else None

    def _head(self, button: str, *words: str) -> Json | None:
        return with_button(self._ines.messages(STATUS_CHANNEL), button, _NAME, *words)

    def _summary(self) -> dict[str, Any]:
        return self._json("/api/v2/summary.json")

    def _json(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._get(path))
        return found

    def _get(self, path: str) -> str:
        return ask(self.api_url, path)[1]
