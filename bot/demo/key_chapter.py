"""The demo's story, played by a program through the real protocol: every step is done as a person would do it, and
counts only if it was seen to work."""

import http.client
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from sandbox.player import Control, Json, NotOnScreenError, Player, SandboxRefusedError, find_label, words_of

T = TypeVar("T")

OWNERS_CHANNEL = "C0OWNERS01"
_PATIENCE = 15.0
_SECRET = re.compile(r"kd_\w{38}")
_NAMES = {"U0MIA00001": "@Mia", "U0OMAR0001": "@Omar", "U0OLIVIA01": "@Olivia"}
_MENTION = re.compile(r"<@([A-Z0-9]+)>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_SIGNS = re.compile(r":[a-z_]+: ?|[*`]|^> ?", re.MULTILINE)


class StepFailedError(Exception):
    """A step of the tour was not seen to work; the text says what was missing."""


@dataclass(slots=True)
class Tour:
    """The story of one key that is used and one that is not."""

    sandbox_url: str
    api_url: str
    say: Callable[[str], None]
    secret: str = field(default="", repr=False)
    _step: int = 0

    def play(self) -> None:
        """Play all steps, saying each. Raises StepFailedError at the first that does not work."""
        for step in (
            self.ask,
            self.approve,
            self.collect,
            self.use,
            self.see_the_use,
            self.leave_one_unused,
            self.read_the_digest,
            self.act_on_the_digest,
            self.suspend,
            self.knock,
            self.restore,
            self.check_secrecy,
        ):
            self._step += 1
            try:
                told = step()
            except (NotOnScreenError, SandboxRefusedError) as error:
                raise StepFailedError(f"step {self._step} ({step.__doc__}): {error}") from error
            self.say(f"{self._step:>2}. {step.__doc__} {told}")

    @property
    def _control(self) -> Control:
        return Control(self.sandbox_url)

    @property
    def _mia(self) -> Player:
        return self._control.person("U0MIA00001")

    @property
    def _omar(self) -> Player:
        return self._control.person("U0OMAR0001")

    def ask(self) -> str:
        """Mia asks for a key."""
        self._mia.type_command('/keys request "status checker" scope:read page:acme for 30d because the tour checks')
        card = self._wait_for_owners_card("status checker")
        return f"The owners' channel shows: “{_short(card)}”"

    def approve(self) -> str:
        """Omar, an owner, presses Approve."""
        self._omar.press("Approve", self._wait_for_owners_card("status checker"))
        card = _until(lambda: self._card_that_says("status checker", "Approved"), "an approved card")
        return f"The card now says who decided: “{_short(card, since='Approved')}”"

    def collect(self) -> str:
        """Mia collects the key, once."""
        card = _until(lambda: _with_button(self._mia.direct_messages(), "Collect"), "a Collect button for Mia")
        self._mia.press(_button_like(card, "Collect"), card)
        modal = self._mia.modal
        found = _SECRET.search(json.dumps(modal))
        _check(found is not None, f"no key in the modal, which says: {_short(modal)}")
        assert found is not None
        self.secret = found.group(0)
        self._mia.close()
        return f"The modal showed {self.secret[:7]}… and is closed; nobody can show it again."

    def use(self) -> str:
        """The key works."""
        status, body = self._get("/v1/pages.json")
        _check(status == 200, f"GET /v1/pages.json answered {status}: {body!r}")
        return f"GET /v1/pages.json answered 200 with {[page['name'] for page in body]}."

    def see_the_use(self) -> str:
        """The key shows as used."""

        def used() -> Json | None:
            shown = self._mia.type_command('/keys show "status checker"')
            return shown if shown and re.search(r"(?i)last (used|read)", words_of(shown)) and _reads(shown) else None

        return f"“{_short(_until(used, 'the use in /keys show'))}”"

    def leave_one_unused(self) -> str:
        """Another key is asked for, approved, collected and never used."""
        self._mia.type_command('/keys request "just in case" scope:read page:acme for 30d because one never knows')
        self._omar.press("Approve", self._wait_for_owners_card("just in case"))
        card = _until(
            lambda: _with_button(self._mia.direct_messages(), "Collect", "just in case"), "the second Collect button"
        )
        self._mia.press(_button_like(card, "Collect"), card)
        _check(_SECRET.search(json.dumps(self._mia.modal)) is not None, "no second key in the modal")
        self._mia.close()
        return "It is named “just in case”."

    def read_the_digest(self) -> str:
        """The digest lists the unused key, and not the used one."""
        digest = self._digest()
        words = words_of(digest)
        _check("just in case" in words, f"“just in case” is not in the digest: {words}")
        _check("status checker" not in words, f"“status checker” is in the digest: {words}")
        return "“just in case” is there with its buttons, “status checker” is not."

    def act_on_the_digest(self) -> str:
        """Omar presses Suspend in the digest, for the unused key."""
        digest = self._digest()
        line = next(index for index, block in enumerate(digest["blocks"]) if "just in case" in words_of(block))
        buttons = {**digest, "blocks": digest["blocks"][line:]}
        self._omar.press("Suspend", buttons)
        self._submit_if_asked(self._omar)

        def suspended() -> Literal[True] | None:
            shown = self._omar.type_command('/keys show "just in case"', channel=OWNERS_CHANNEL)
            return True if shown and "suspended" in words_of(shown).lower() else None

        _until(suspended, "the unused key to be suspended")
        return "“just in case” is suspended now."

    def suspend(self) -> str:
        """Omar suspends the used key, to see what happens."""
        self._change_key("Suspend")
        status, _ = _until(lambda: self._answer_with(401), "401 for the suspended key")
        return f"The next call with it answered {status}."

    def knock(self) -> str:
        """Owners are told at once that a suspended key is in use."""
        card = _until(
            lambda: _with_button(self._omar.messages(OWNERS_CHANNEL), "Restore", "status checker"),
            "an alert to owners",
        )
        return f"“{_short(card)}”"

    def restore(self) -> str:
        """Omar restores it by the alert's button."""
        card = _until(
            lambda: _with_button(self._omar.messages(OWNERS_CHANNEL), "Restore", "status checker"),
            "an alert to owners",
        )
        self._omar.press("Restore", card)
        self._submit_if_asked(self._omar)
        _until(lambda: self._answer_with(200), "200 for the restored key")
        return "The same key answers 200 again."

    def check_secrecy(self) -> str:
        """The secret went over Slack's wire once, into that modal."""
        carriers = [entry for entry in self._control.journal() if self.secret in json.dumps(entry.get("args") or {})]
        methods = sorted({entry["method"] for entry in carriers})
        _check(len(carriers) == 1 and methods[0].startswith("views."), f"the secret went out with {methods}")
        return f"Only {methods[0]} carried it."

    # What the steps are made of

    def _wait_for_owners_card(self, name: str) -> Json:
        return _until(
            lambda: _with_button(self._omar.messages(OWNERS_CHANNEL), "Approve", name), f"a card for “{name}”"
        )

    def _card_that_says(self, *words: str) -> Json | None:
        for message in reversed(self._omar.messages(OWNERS_CHANNEL)):
            if all(word in words_of(message) for word in words):
                return message
        return None

    def _digest(self) -> Json:
        shown = self._omar.type_command("/keys digest", channel=OWNERS_CHANNEL)
        _check(shown is not None, "/keys digest was answered with nothing")
        assert shown is not None
        if "Show all" in json.dumps(shown):
            self._omar.press(_button_like(shown, "Show all"), shown)
            return self._omar.modal
        return shown

    def _change_key(self, label: str) -> None:
        shown = self._omar.type_command('/keys show "status checker"', channel=OWNERS_CHANNEL)
        _check(shown is not None, "/keys show was answered with nothing")
        assert shown is not None
        self._omar.press(_button_like(shown, label), shown)
        self._submit_if_asked(self._omar)

    def _submit_if_asked(self, player: Player) -> None:
        for _ in player.views()[-1:]:
            view = player.modal
            if "submit" in view:
                reason = {
                    block["block_id"]: "the tour tries it"
                    for block in view["blocks"]
                    if block["type"] == "input" and block["element"]["type"] == "plain_text_input"
                }
                _check(not player.submit(**reason), "the modal was not accepted")
        while player.views():
            player.close()

    def _get(self, path: str) -> tuple[int, Any]:
        where = urlsplit(self.api_url)
        connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"OAuth {self.secret}"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def _answer_with(self, status: int) -> tuple[int, Any] | None:
        answer = self._get("/v1/pages.json")
        return answer if answer[0] == status else None


def _check(condition: bool, otherwise: str) -> None:
    if not condition:
        raise StepFailedError(otherwise)


def _until(look: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise StepFailedError(f"waited {_PATIENCE:.0f} seconds in vain for {what}")


def _with_button(messages: list[Json], label: str, *words: str) -> Json | None:
    for message in reversed(messages):
        if find_label(message, label) and all(word in words_of(message) for word in words):
            return message
    return None


def _button_like(surface: Json, label: str) -> str:
    found = find_label(surface, label)
    if found is None:
        raise NotOnScreenError(f"no button “{label}…” in: {words_of(surface)}")
    return found


def _reads(message: Json) -> bool:
    return re.search(r"(?i)never used", words_of(message)) is None


def _short(thing: Json, limit: int = 110, since: str = "") -> str:
    words = re.sub(r"\s+", " ", _read_aloud(words_of(thing)))
    words = words[max(words.find(since), 0) :].strip()
    return words if len(words) <= limit else words[:limit].rstrip() + "…"


def _read_aloud(markup: str) -> str:
    """Slack's markup as a terminal can show it: people by name, dates in words, no signs."""
    markup = _MENTION.sub(lambda found: _NAMES.get(found[1], found[0]), markup)
    return _SIGNS.sub("", _DATE.sub(r"\1", markup))
