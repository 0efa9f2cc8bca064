"""The tour's chapter about keys: one is asked for, approved, collected and used; one is not."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.demo.assembly import OWNERS_CHANNEL
from bot.demo.key_steps import KeySteps
from bot.demo.looking import button_like, check, short, until, was_used, with_button
from sandbox.player import Json, words_of


@dataclass(slots=True)
class KeyChapter(KeySteps):
    """The story of one key that is used and one that is not."""

    secret: str = field(default="", repr=False)

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """What is done, in order; each gives what was seen."""
        return (
            self.ask,
            self.approve,
            self.collect,
            self.use,
            self.see_the_use,
            self.leave_one_unused,
            self.read_the_digest,
            self.act_on_the_digest,
            self.suspend,
            self.use_the_suspended_key,
            self.restore,
            self.check_secrecy,
        )

    def ask(self) -> str:
        """Mia asks for a key."""
        self.mia.type_command('/keys request "status checker" scope:read page:acme for 30d because the tour checks')
        card = self.wait_for_owners_card("status checker")
        return f"The owners' channel shows: “{short(card)}”"

    def approve(self) -> str:
        """Omar, an owner, presses Approve."""
        self.omar.press("Approve", self.wait_for_owners_card("status checker"))
        card = until(lambda: self._card_that_says("status checker", "Approved"), "an approved card")
        return f"The card now says who decided: “{short(card, since='Approved')}”"

    def collect(self) -> str:
        """Mia collects the key, once."""
        self.secret = self.collect_key("status checker")
        return f"The modal showed {self.secret[:7]}… and is closed; nobody can show it again."

    def use(self) -> str:
        """The key works."""
        status, body = self.call(self.secret, "GET", "/v1/pages.json")
        check(status == 200, f"GET /v1/pages.json answered {status}: {body!r}")
        return f"GET /v1/pages.json answered 200 with {[page['name'] for page in body]}."

    def see_the_use(self) -> str:
        """The key shows as used."""

        def used() -> Json | None:
            shown = self.mia.type_command('/keys show "status checker"')
            return (
                shown if shown and re.search(r"(?i)last (used|read)", words_of(shown)) and was_used(shown) else None
            )

        return f"“{short(until(used, 'the use in /keys show'))}”"

    def leave_one_unused(self) -> str:
        """Another key is asked for, approved, collected and never used."""
        self.mia.type_command('/keys request "just in case" scope:read page:acme for 30d because one never knows')
        self.omar.press("Approve", self.wait_for_owners_card("just in case"))
        self.collect_key("just in case")
        return "It is named “just in case”."

    def read_the_digest(self) -> str:
        """The digest lists the unused key, and not the used one."""
        digest = self._digest()
        words = words_of(digest)
        check("just in case" in words, f"“just in case” is not in the digest: {words}")
        check("status checker" not in words, f"“status checker” is in the digest: {words}")
        return "“just in case” is there with its buttons, “status checker” is not."

    def act_on_the_digest(self) -> str:
        """Omar presses Suspend in the digest, for the unused key."""
        digest = self._digest()
        line = next(index for index, block in enumerate(digest["blocks"]) if "just in case" in words_of(block))
        buttons = {**digest, "blocks": digest["blocks"][line:]}
        self.omar.press("Suspend", buttons)
        self.submit_if_asked(self.omar)

        def suspended() -> Literal[True] | None:
            shown = self.omar.type_command('/keys show "just in case"', channel=OWNERS_CHANNEL)
            return True if shown and "suspended" in words_of(shown).lower() else None

        until(suspended, "the unused key to be suspended")
        return "“just in case” is suspended now."

    def suspend(self) -> str:
        """Omar suspends the used key, to see what happens."""
        self._change_key("Suspend")
        status, _ = until(lambda: self._answer_with(401), "401 for the suspended key")
        return f"The next call with it answered {status}."

    def use_the_suspended_key(self) -> str:
        """Owners are told at once that a suspended key is in use."""
        card = until(
            lambda: with_button(self.omar.messages(OWNERS_CHANNEL), "Restore", "status checker"),
            "an alert to owners",
        )
        return f"“{short(card)}”"

    def restore(self) -> str:
        """Omar restores it by the alert's button."""
        card = until(
            lambda: with_button(self.omar.messages(OWNERS_CHANNEL), "Restore", "status checker"),
            "an alert to owners",
        )
        self.omar.press("Restore", card)
        self.submit_if_asked(self.omar)
        until(lambda: self._answer_with(200), "200 for the restored key")
        return "The same key answers 200 again."

    def check_secrecy(self) -> str:
        """The secret went over Slack's wire once, into that modal."""
        carriers = [entry for entry in self.control.journal() if self.secret in json.dumps(entry.get("args") or {})]
        methods = sorted({entry["method"] for entry in carriers})
        check(len(carriers) == 1 and methods[0].startswith("views."), f"the secret went out with {methods}")
        return f"Only {methods[0]} carried it."

    # What the steps are made of

    def _card_that_says(self, *words: str) -> Json | None:
        for message in reversed(self.omar.messages(OWNERS_CHANNEL)):
            if all(word in words_of(message) for word in words):
                return message
        return None

    def _digest(self) -> Json:
        shown = self.omar.type_command("/keys digest", channel=OWNERS_CHANNEL)
        check(shown is not None, "/keys digest was answered with nothing")
        assert shown is not None
        if "Show all" in json.dumps(shown):
            self.omar.press(button_like(shown, "Show all"), shown)
            return self.omar.modal
        return shown

    def _change_key(self, label: str) -> None:
        shown = self.omar.type_command('/keys show "status checker"', channel=OWNERS_CHANNEL)
        check(shown is not None, "/keys show was answered with nothing")
        assert shown is not None
        self.omar.press(button_like(shown, label), shown)
        self.submit_if_asked(self.omar)

    def _answer_with(self, status: int) -> tuple[int, Any] | None:
        answer = self.call(self.secret, "GET", "/v1/pages.json")
        return answer if answer[0] == status else None
