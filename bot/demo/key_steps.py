"""What the chapters about keys are made of: asking, approving, collecting, and calls with the secret."""

import json
import re
from dataclasses import dataclass
from typing import Any

from bot.demo.assembly import OWNERS_CHANNEL
from bot.demo.looking import ask, button_like, check, close_all, short, until, with_button
from sandbox.player import Control, Json, Player

_SECRET = re.compile(r"kd_\w{38}")


@dataclass(slots=True)
class KeySteps:
    """Mia, who asks for keys, Omar, who decides, and the API."""

    sandbox_url: str
    api_url: str

    @property
    def control(self) -> Control:
        """The sandbox."""
        return Control(self.sandbox_url)

    @property
    def mia(self) -> Player:
        """A member."""
        return self.control.person("U0MIA00001")

    @property
    def omar(self) -> Player:
        """An owner."""
        return self.control.person("U0OMAR0001")

    @property
    def ines(self) -> Player:
        """Somebody who manages incidents."""
        return self.control.person("U0INES0001")

    def wait_for_owners_card(self, name: str) -> Json:
        """The card of a request, with its buttons."""
        return until(lambda: with_button(self.omar.messages(OWNERS_CHANNEL), "Approve", name), f"a card for “{name}”")

    def collect_key(self, name: str) -> str:
        """Collect the key that was approved last; gives the secret that the modal showed. The modal is closed."""
        card = until(
            lambda: with_button(self.mia.direct_messages(), "Collect", name), f"a Collect button for “{name}”"
        )
        self.mia.press(button_like(card, "Collect"), card)
        modal = self.mia.modal
        found = _SECRET.search(json.dumps(modal))
        check(found is not None, f"no key in the modal, which says: {short(modal)}")
        assert found is not None
        self.mia.close()
        return found.group(0)

    def submit_if_asked(self, player: Player) -> None:
        """Give a reason where a window asks for one, and close what is open."""
        for _ in player.views()[-1:]:
            view = player.modal
            if "submit" in view:
                reason = {
                    block["block_id"]: "the tour tries it"
                    for block in view["blocks"]
                    if block["type"] == "input" and block["element"]["type"] == "plain_text_input"
                }
                check(not player.submit(**reason), "the modal was not accepted")
        close_all(player)

    def call(self, secret: str, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """Call the API with a key: the status, and what it says."""
        sent = json.dumps(body) if body is not None else None
        status, said = ask(self.api_url, path, method, sent, {"Authorization": f"OAuth {secret}"})
        return status, json.loads(said)
