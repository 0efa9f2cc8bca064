"""The tour's chapter about the gateway: one key for one thing, in front of a Statuspage whose keys may everything."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.demo.assembly import OWNERS_CHANNEL, STATUS_CHANNEL
from bot.demo.key_steps import KeySteps
from bot.demo.looking import ask, button_like, check, close_all, short, until, with_button
from bot.demo.statuspage import Statuspage
from bot.demo.typed import Typed
from sandbox.player import Json, words_of

_PAGE = "/v1/pages/acmepage0001"
_COMPONENTS = f"{_PAGE}/components"
_CALLERS = 4
_NAME = "Checkout errors"
_LINE = f'/incident new "{_NAME}" on acme component:search=partial_outage We are looking into it.'


@dataclass(slots=True)
class GatewayChapter(KeySteps):
    """The story of a Statuspage whose own key nobody needs any more."""

    statuspage: Statuspage
    terminal: Typed
    secret: str = field(default="", repr=False)

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """What is done, in order; each gives what was seen."""
        return (
            self.get_key,
            self.use,
            self.be_refused,
            self.replace_the_key,
            self.end_the_old_key,
            self.post_from_slack,
            self.see_it_there,
            self.resolve_it,
            self.revoke,
        )

    def get_key(self) -> str:
        """Mia asks for a key that reads, Omar approves it, and she collects it."""
        self.mia.type_command('/keys request "status checker" scope:read page:acme for 30d because it looks')
        self.omar.press("Approve", self.wait_for_owners_card("status checker"))
        self.secret = self.collect_key("status checker")
        return f"It is {self.secret[:7]}…; the Statuspage does not know it."

    def use(self) -> str:
        """It reads what the Statuspage has."""
        status, rows = self.call(self.secret, "GET", _COMPONENTS)
        check(status == 200, f"GET components answered {status}: {rows}")
        return f"200, from {self.statuspage.address}: {[row['name'] for row in rows if not row['group']]}"

    def be_refused(self) -> str:
        """It makes no component, and the Statuspage never hears of it."""
        status, said = self.call(self.secret, "POST", _COMPONENTS, {"component": {"name": "Mine"}})
        check(status == 403, f"POST with the reading key answered {status}: {said}")
        _, rows = self.call(self.secret, "GET", _COMPONENTS)
        check("Mine" not in {row["name"] for row in rows}, "the component is there all the same")
        return f"403: “{said['error']}”"

    def replace_the_key(self) -> str:
        """The operator replaces the key of the Statuspage, while four programs call without a pause."""
        with self._calling() as answers:
            words = ("upstream", "replace-key", "Keydesk", "--name", "Keydesk, next year", "--calls", "6000")
            said = self.terminal.run(*words, given=self.statuspage.keys[1])
        return f"“{said}” Of {len(answers)} calls none failed."

    def end_the_old_key(self) -> str:
        """The old one ends at the Statuspage, while they call on."""
        with self._calling() as answers:
            self.statuspage.revoke_first()
        return f"Of {len(answers)} calls none failed."

    def post_from_slack(self) -> str:
        """Ines tells Acme's customers from Slack that something is wrong."""
        self.ines.press("Publish", until(self._open_preview, "a window with the preview"))
        close_all(self.ines)
        head = until(lambda: self._find_head("On Statuspage"), "“On Statuspage” in #status")
        return f"#status says: “{short(head, limit=90)}”"

    def see_it_there(self) -> str:
        """It is on the Statuspage's public page."""
        there = self._read_there()
        check([one["name"] for one in there["incidents"]] == [_NAME], f"open there: {there['incidents']}")
        states = {row["name"]: row["status"] for row in there["components"]}
        check(states["Search"] == "partial_outage", f"Search is {states['Search']} there")
        return f"{self.statuspage.address} says “{there['status']['description']}”."

    def resolve_it(self) -> str:
        """She resolves it in #status, and customers read that it is over."""
        self.ines.press("Resolve", until(lambda: self._find_head("On Statuspage"), "a Resolve button"))
        check(not self.ines.submit(), "the form was not accepted")
        self.ines.press("Publish", self.ines.modal)
        close_all(self.ines)
        until(lambda: None if self._read_there()["incidents"] else True, "the incident to be over there")
        return f"{self.statuspage.address} says “{self._read_there()['status']['description']}”."

    def revoke(self) -> str:
        """Omar revokes Mia's key: the next call with it goes nowhere, and nothing else has to change."""
        shown = self.omar.type_command('/keys show "status checker"', channel=OWNERS_CHANNEL)
        check(shown is not None, "/keys show was answered with nothing")
        assert shown is not None
        self.omar.press(button_like(shown, "Revoke"), shown)
        self.submit_if_asked(self.omar)
        said = until(self._find_refusal, "401 for the revoked key")
        return f"401: “{said}”"

    # What the steps are made of

    @contextmanager
    def _calling(self) -> Iterator[list[int]]:
        """Programs that call without a pause, until the end of the block; the statuses that they were answered with.

        Raises StepFailedError when one of them was not 200.
        """
        answers: list[int] = []
        enough = threading.Event()

        def call() -> None:
            while not enough.is_set():
                answers.append(self.call(self.secret, "GET", _COMPONENTS)[0])

        callers = [threading.Thread(target=call, daemon=True) for _ in range(_CALLERS)]
        for caller in callers:
            caller.start()
        try:
            _wait_for_more(answers)
            yield answers
            _wait_for_more(answers)
        finally:
            enough.set()
            for caller in callers:
                caller.join()
        check(set(answers) == {200}, f"calls were answered with {sorted(set(answers))}")

    def _open_preview(self) -> Json | None:
        if not self.ines.views():
            # On a busy machine Slack may have had no answer in time: whoever types it types it again.
            self.ines.type_command(_LINE, channel=STATUS_CHANNEL)
        views = self.ines.views()
        return self.ines.modal if views and "Publish" in words_of(self.ines.modal) else None

    def _find_head(self, *words: str) -> Json | None:
        return with_button(self.ines.messages(STATUS_CHANNEL), "Resolve", _NAME, *words)

    def _read_there(self) -> Json:
        """What the Statuspage's own readers see."""
        found: Json = json.loads(ask(self.statuspage.address, "/api/v2/summary.json")[1])
        return found

    def _find_refusal(self) -> str | None:
        status, said = self.call(self.secret, "GET", _COMPONENTS)
        return str(said["error"]) if status == 401 else None


def _wait_for_more(answers: list[int]) -> None:
    """Wait until some more calls were answered."""
    enough = len(answers) + _CALLERS * 5
    until(lambda: True if len(answers) >= enough else None, "answers to the programs")
