"""A person at the sandbox, played by a program: types commands, presses buttons, fills in modals.

Everything goes over HTTP to the sandbox's control side, so a played story takes the same way as one in the browser.
Used by the demo's tour and by scenario tests.
"""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.filling import fill_in

Json = dict[str, Any]
_MENUS = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})


class SandboxRefusedError(Exception):
    """Slack (that is, the sandbox) or the bot refused what the person did. The text is what the person sees."""


class NotOnScreenError(AssertionError):
    """The person looked for something that is not on their screen."""


@dataclass(frozen=True, slots=True)
class Control:
    """The sandbox's control side at an address such as `http://127.0.0.1:3100`."""

    url: str

    def call(self, method: str, path: str, body: Json | None = None, /, **query: str) -> Json:
        """One call; gives the answer's JSON. Raises SandboxRefusedError with the sandbox's own sentence."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=30)
        try:
            target = f"/sandbox/{path}" + (f"?{urlencode(query)}" if query else "")
            payload = None if body is None else json.dumps(body)
            connection.request(method, target, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer: Json = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxRefusedError(str(answer.get("error", answer)))
        return answer

    def journal(self, **query: str) -> list[Json]:
        """What went over the wire so far (see PROTOCOL.md)."""
        entries: list[Json] = self.call("GET", "journal", None, **query)["entries"]
        return entries

    def person(self, user_id: str) -> "Player":
        """Somebody to play."""
        return Player(self, user_id)


@dataclass(frozen=True, slots=True)
class Player:
    """One person. Methods act as they would; what they see is read from the sandbox each time."""

    control: Control
    user_id: str
    keyboard: str = "plain"
    """Whose quotation marks and dashes the person's typing becomes, as `german` on a phone."""

    def type_command(self, text: str, channel: str = "C0GENERAL1") -> Json | None:
        """Type a slash command; gives the ephemeral message that it was answered with, or None."""
        before = self.newest(channel)
        self._do("command", channel=channel, text=text, keyboard=self.keyboard)
        newest = self.newest(channel)
        return newest if newest and (before is None or newest["ts"] > before["ts"]) else None

    def direct_messages(self) -> list[Json]:
        """The person's conversation with the bot, oldest first."""
        for conversation in self.control.call("GET", "state", user=self.user_id)["conversations"]:
            if conversation["kind"] == "im":
                return self.messages(conversation["id"])
        return []

    def messages(self, channel: str) -> list[Json]:
        """A conversation as the person sees it, oldest first."""
        return self._messages(channel)

    def newest(self, channel: str) -> Json | None:
        """The last message of a conversation that the person sees, or None where nothing was said."""
        return next(iter(self._messages(channel, last="1")), None)

    def _messages(self, channel: str, **query: str) -> list[Json]:
        whole = self.control.call("GET", "messages", None, user=self.user_id, channel=channel, **query)
        found: list[Json] = whole["messages"]
        return [message if "channel" in message else {**message, "channel": channel} for message in found]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The replies to a message as the person sees them, oldest first."""
        return [each for each in self.messages(channel) if each.get("thread_ts") == ts != each["ts"]]

    def views(self) -> list[Json]:
        """The person's open modals, bottom first."""
        found: list[Json] = self.control.call("GET", "views", user=self.user_id)["views"]
        return found

    @property
    def modal(self) -> Json:
        """The modal on top. Raises NotOnScreenError when none is open."""
        views = self.views()
        if not views:
            raise NotOnScreenError(f"{self.user_id} has no modal open")
        return views[-1]

    def home(self) -> Json:
        """The bot's Home tab, opened now. Raises NotOnScreenError when it is empty."""
        view: Json | None = self.control.call("GET", "home", user=self.user_id)["view"]
        if view is None:
            raise NotOnScreenError("the Home tab is empty")
        return view

    def press(self, label: str, surface: Json, *, nth: int = 0) -> None:
        """Press the button with this label in a message, modal or Home tab."""
        block, element = self._find(surface, label, nth)
        self._act(surface, block, element, {"value": element.get("value", "")})

    def choose(self, label: str, surface: Json, *, nth: int = 0) -> None:
        """Choose the entry with this label in the first menu (select, radio buttons or overflow) that has it.

        Menus that are searched are looked through last; the label is typed where nothing is offered without it.
        """
        menus = [(block, element) for block, element in elements_of(surface["blocks"]) if element["type"] in _MENUS]
        menus.sort(key=lambda menu: menu[1]["type"] == "external_select")
        matches = (
            (block, element, option)
            for block, element in menus
            for option in self._offered(label, surface, block, element)
            if text_of(option) == label
        )
        match = next(islice(matches, nth, None), None)
        if match is None:
            raise NotOnScreenError(f"no menu entry “{label}” in: {words_of(surface)}")
        block, element, option = match
        self._act(surface, block, element, {"selected_option": option})

    def enter(self, block_id: str, value: Any, surface: Json | None = None, *, action_id: str | None = None) -> None:
        """Fill in one field of the modal on top (or of another surface), with values as in `submit`.

        The app hears of it where Slack tells it: not of an input without `dispatch_action`.
        """
        surface = self.modal if surface is None else surface
        block, element = self._field(surface, block_id, action_id)
        self._act(surface, block, element, _fill_in(element, value))

    def options(
        self, block_id: str, typed: str = "", surface: Json | None = None, *, action_id: str | None = None
    ) -> Json:
        """What a menu that is searched offers for what was typed: `options` or `option_groups`, as the app gave them.

        The menu is in the modal on top unless told; `options_of` gives the choices of all groups.
        """
        surface = self.modal if surface is None else surface
        block, element = self._field(surface, block_id, action_id)
        return self._ask_options(typed, surface, block, element)

    def pick_user(self, user_id: str, surface: Json, *, action_id: str) -> None:
        """Choose a person in a users_select with this action id."""
        for block, element in elements_of(surface["blocks"]):
            if element.get("action_id") == action_id:
                self._act(surface, block, element, {"selected_user": user_id})
                return
        raise NotOnScreenError(f"no {action_id} in: {words_of(surface)}")

    def submit(self, **fields: Any) -> dict[str, str]:
        """Fill in the modal on top, by block id, and submit it; gives the errors shown beside fields, if any.

        A field's value is a string (text, date `YYYY-MM-DD`, time `HH:MM`, id of a user, conversation or channel,
        value of an option), a list of those for fields that take several, an aware datetime or unix seconds for a
        datetimepicker, or an option as `options` gave it; None empties a field. Fields that are not named keep what
        they show, or what was entered in them before.
        """
        view = self.modal
        inputs = {block["block_id"]: block["element"] for block in inputs_of(view)}
        if stray := sorted(set(fields) - set(inputs)):
            raise NotOnScreenError(f"no fields {stray} in: {sorted(inputs)}")
        values = {
            block_id: {inputs[block_id]["action_id"]: _fill_in(inputs[block_id], value)}
            for block_id, value in fields.items()
        }
        filled = {"user": self.user_id, "view_id": view["id"], "values": values, "keyboard": self.keyboard}
        answer = self.control.call("POST", "submit", filled)
        if answer.get("error"):
            raise SandboxRefusedError(str(answer["error"]))
        errors: dict[str, str] = answer.get("errors") or {}
        return errors

    def close(self, view: Json | None = None) -> None:
        """Close the modal on top, or a view."""
        self._do("close", view_id=(view or self.modal)["id"])

    def _find(self, surface: Json, label: str, nth: int) -> tuple[Json, Json]:
        found = [
            (block, element)
            for block, element in elements_of(surface["blocks"])
            if element["type"] == "button" and text_of(element) == label
        ]
        if len(found) <= nth:
            raise NotOnScreenError(f"no button “{label}” in: {words_of(surface)}")
        return found[nth]

    def _field(self, surface: Json, block_id: str, action_id: str | None) -> tuple[Json, Json]:
        for block, element in elements_of(surface["blocks"]):
            if block.get("block_id") == block_id and action_id in (None, element["action_id"]):
                return block, element
        raise NotOnScreenError(f"no field {block_id} in: {words_of(surface)}")

    def _offered(self, label: str, surface: Json, block: Json, element: Json) -> list[Json]:
        if element["type"] != "external_select":
            return options_of(element)
        unasked = options_of(self._ask_options("", surface, block, element))
        return unasked or options_of(self._ask_options(label, surface, block, element))

    def _ask_options(self, typed: str, surface: Json, block: Json, element: Json) -> Json:
        asked = {"block_id": block["block_id"], "action_id": element["action_id"], "value": typed}
        return self.control.call(
            "POST", "options", {"user": self.user_id, "container": self._container(surface), **asked}
        )

    def _act(self, surface: Json, block: Json, element: Json, action: Json) -> None:
        self._do(
            "action",
            container=self._container(surface),
            block_id=block["block_id"],
            action_id=element["action_id"],
            action={"type": element["type"], **action},
        )

    def _container(self, surface: Json) -> Json:
        if surface.get("type") == "modal":
            return {"type": "view", "view_id": surface["id"]}
        if surface.get("type") == "home":
            return {"type": "home", "user": self.user_id}
        return {"type": "message", "channel": surface["channel"], "ts": surface["ts"]}

    def _do(self, what: str, **body: Any) -> None:
        answer = self.control.call("POST", what, {"user": self.user_id, **body})
        if not answer.get("ok", True):
            raise SandboxRefusedError(str(answer.get("error")))


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block."""
    for block in blocks:
        for element in (*block.get("elements", ()), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def options_of(element: Json) -> list[Json]:
    """The choices of a menu."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def inputs_of(view: Json) -> list[Json]:
    """The input blocks of a modal."""
    return [block for block in view["blocks"] if block["type"] == "input"]


def text_of(thing: Json) -> str:
    """The label of a button or option."""
    text = thing["text"]
    return str(text["text"] if isinstance(text, dict) else text)


def find_label(surface: Json, beginning: str) -> str | None:
    """The label of the first button that begins so, or None."""
    for _, element in elements_of(surface.get("blocks") or []):
        if element["type"] == "button" and text_of(element).startswith(beginning):
            return text_of(element)
    return None


def words_of(thing: Any) -> str:
    """All text in a message, view or block, joined by spaces: what a person could read there."""
    if isinstance(thing, dict):
        own = [thing["text"]] if isinstance(thing.get("text"), str) else []
        blocks = thing.get("blocks")
        # With blocks, Slack shows the message's own text in notifications only.
        parts = [blocks] if blocks else [value for value in thing.values() if isinstance(value, dict | list)]
        title = [thing["title"]] if blocks and "title" in thing else []
        return " ".join(filter(None, [*(own if not blocks else []), *map(words_of, [*title, *parts])]))
    if isinstance(thing, list):
        return " ".join(filter(None, map(words_of, thing)))
    return ""


def _fill_in(element: Json, value: Any) -> Json:
    try:
        return fill_in(element, value)
    except ValueError as error:
        raise NotOnScreenError(str(error)) from error
