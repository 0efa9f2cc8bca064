"""What people see and do in the largest world: every command, every button, every form."""

from collections import Counter
from collections.abc import Iterator, Sequence

from desk.incidents.elsewhere.refused import REFUSED_NOTE
from desk.reasons import MAXIMUM_REASON
from handlers.slack.framework.action_ids import ActionId, CallbackId
from sandbox.player import Json, Player, SandboxRefusedError, elements_of, find_label, options_of
from tests.factories import MAX, MIA
from tests.scenario.conftest import Scenario
from tests.scenario.keys_stage import open_home
from tests.scenario.largest_incident_play import IncidentForms, incident_commands, maintenance_commands
from tests.scenario.largest_incidents import Incidents
from tests.scenario.largest_pages import add_components, fill_in_pages, page_commands
from tests.scenario.largest_world import OWNERS, World, longest

MOST_OPTIONS = 100
"""Choices in one menu, as Slack allows."""
OF_INCIDENTS = ("incident", "maintenance", "form.", "draft")
"""How ids of incidents and maintenances begin."""
_REFUSED = {REFUSED_NOTE, ActionId.UPSTREAM_RETRY, ActionId.UPSTREAM_EDIT, CallbackId.UPSTREAM_EDIT}
_DEEPEST = 3
_TWICE = 2
"""How often each button is pressed in each kind of place: the first, and one that finds things changed."""
_OFTENER = {str(ActionId.TICKET_COLLECT): 12}
"""Of some buttons only few still lead on, and which of them stand first is another each time."""


def is_of_incidents(name: str) -> bool:
    """Whether it is the id of something about incidents and maintenances, their templates, or what a Statuspage did
    not take of them."""
    return name.startswith((*OF_INCIDENTS, "template")) or name in _REFUSED


def commands(world: World) -> list[str]:
    """Everything about keys and roles that can be typed, with the largest words."""
    hostile, page, keys = longest(400, 0), world.pages[0], world.keys
    about = " and ".join(longest(500, flavour) for flavour in range(2))
    pages = " ".join(f"page:{one}" for one in world.pages)
    scopes = "scope:read scope:users:write scope:incidents:write"
    of_keys = [
        "",
        "help",
        "info",
        "mine",
        "digest",
        "requests",
        "statuspage",
        f"approve <@{MIA}>",
        f"deny {hostile} because {about}",
        hostile,
        *(f"list {narrowed}" for narrowed in ("", "all", "unused", "expiring", "suspended", f"page:{page}", hostile)),
        *(f"list all {longest(3, flavour)}" for flavour in range(4)),
        *(f"show {key}" for key in [*keys[:13], *keys[300:313]]),
        *(f"{what} {keys[348]}" for what in ("suspend", "rename", "keep", "extend", "transfer", "show")),
        *(f'show "{longest(90, flavour)}"' for flavour in range(4)),
        *(f"{what} {hostile}" for what in ("show", "suspend", "rename", "rotate", "restore", "revoke", "keep")),
        f"suspend {keys[349]} because {about}",
        f"restore {keys[349]}",
        f'rename {keys[349]} to "{longest(100, 1)}"',
        f"keep {keys[349]} for 30d because {about}",
        f"extend {keys[349]} for 30d because {about}",
        f"transfer {keys[349]} to <@{MIA}>",
        f"rotate {keys[349]} grace 1h",
        f"revoke {keys[342]} because {longest(MAXIMUM_REASON, 0)}",
        f"revoke {keys[351]} because {longest(MAXIMUM_REASON, 1)}",
        f'request "{longest(80, 1)}" {scopes} {pages} for 365d holder:<@{MAX}> because {about}',
        f'request "{longest(80, 0)}" scope:{hostile} page:{hostile} for 9999d holder:nobody because {about}',
        f"request {hostile}",
        "request",
    ]
    # An owner who presses everything in a list of grants is none afterwards: what owners do comes first.
    of_roles = [
        f"grant <@{MIA}> integrator on {page} for 8h because {longest(500, 1)}",
        f"revoke <@{MIA}> integrator on {page}",
        f"revoke <@{OWNERS[5]}> owner",
        "",
        "help",
        "list",
        f"list <@{MIA}>",
        f"list on {page}",
        f"list {hostile}",
        *(f"who {role}" for role in ("owner", "integrator", "page_configuration")),
        f"who incident_manager on {page}",
        f"grant {hostile} integrator",
        f"who {hostile}",
        hostile,
    ]
    return [*(f"/keys {text}".strip() for text in of_keys), *(f"/roles {text}".strip() for text in of_roles)]


class Play:
    """A player at work, who presses everything that is on their screen."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self._scenario = scenario
        self._world = world
        self._pressed: Counter[tuple[str, ...]] = Counter()
        self._heard = 0
        self.offered: set[str] = set()
        """The action ids that somebody was offered."""

    def type_everything(self, player: Player) -> None:
        """Type every command about keys and roles, and press what it answers with."""
        self._type(player, commands(self._world))

    def _type(self, player: Player, texts: Sequence[str]) -> None:
        for text in texts:
            # Nothing is open: what was is closed.
            answer = player.type_command(text)
            if answer is not None:
                self.press_everything(player, answer)
            else:
                self._press_in_modals(player)
            self._close_all(player)

    def read_messages(self, player: Player) -> None:
        """Press what is in the player's direct messages, and for owners in their channel."""
        for message in player.direct_messages():
            self.press_everything(player, message)

    def read_channel(self, player: Player, channel: str) -> None:
        """Press what is in a channel."""
        for message in player.messages(channel):
            self.press_everything(player, message)

    def open_home(self, player: Player) -> None:
        """Open the Home tab and press what is there."""
        self.press_everything(player, open_home(self._scenario, player))

    def press_everything(self, player: Player, surface: Json, *, deep: int = 0) -> None:
        """Press each kind of button of a surface, and those in the modals that open."""
        where = str(surface.get("callback_id") or surface.get("type") or "message")
        for block, element, given, what in self._choices(surface):
            self.offered.add(what)
            place = where, what, player.user_id
            # Of those who see the same of incidents, one presses.
            if self._pressed[place] >= _OFTENER.get(what, _TWICE) or (
                what.startswith(OF_INCIDENTS) and player.user_id != MIA
            ):
                continue
            self._pressed[place] += 1
            act = {"user": player.user_id, "container": _container(player, surface), "block_id": block["block_id"]}
            act |= {"action_id": element["action_id"], "action": {"type": element["type"], **given}}
            try:
                answer = self._scenario.control.call("POST", "action", act)
            except SandboxRefusedError as error:
                assert "There is nothing" in str(error), f"{what} in {where}: {error}"
                # An earlier press took it away.
                self._pressed[place] -= 1
                continue
            assert answer.get("ok", True), f"{what} in {where}: {answer}"
            if deep < _DEEPEST:
                self._press_in_modals(player, deep=deep + 1)
                self._press_in_answers(player, surface, deep=deep + 1)
            if surface.get("type") != "modal":
                self._close_all(player)
                continue
            while len(views := player.views()) > 1 and views[-1]["id"] != surface["id"]:
                player.close(views[-1])
            if surface["id"] not in {view["id"] for view in views}:
                return

    def _choices(self, surface: Json) -> Iterator[tuple[Json, Json, Json, str]]:
        for block, element in elements_of(surface.get("blocks") or []):
            if element["type"] == "button":
                yield block, element, {"value": element.get("value", "")}, element["action_id"]
            elif element["type"] == "overflow":
                self.offered.add(element["action_id"])
                for option in options_of(element):
                    yield block, element, {"selected_option": option}, option["value"].partition(":")[0]
            elif element["type"] == "static_select" and element["action_id"] != "value":
                yield block, element, {"selected_option": options_of(element)[-1]}, element["action_id"]
            elif element["action_id"] != "value":
                self.offered.add(element["action_id"])

    def _press_in_modals(self, player: Player, *, deep: int = 1) -> None:
        views = player.views()
        if views:
            self.press_everything(player, views[-1], deep=deep)

    def _press_in_answers(self, player: Player, surface: Json, *, deep: int) -> None:
        """Press what a click on a message was answered with, for this person alone."""
        if "channel" not in surface:
            # An answer that comes while a modal is open is for the message below.
            return
        answers = self._scenario.control.journal(kind="response_url", after=str(self._heard))
        if answers:
            self._heard = answers[-1]["n"]
            answer = player.newest(surface["channel"])
            assert answer is not None
            self.press_everything(player, answer, deep=deep)

    def _close_all(self, player: Player) -> None:
        while views := player.views():
            player.close(views[-1])

    def submit_forms(self, owner: Player) -> None:
        """Change a key by each form, with the largest words, and look at what each form becomes."""
        key = self._world.spare_key
        reason = longest(MAXIMUM_REASON, 1)
        self._submit(owner, key, "Rename…", name=longest(100, 1))
        self._submit(owner, key, "Keep until…", reason=reason)
        self._submit(owner, key, "Transfer to…", holder=MAX)
        self._submit(owner, key, "Rotate…")
        self._submit(owner, key, "Suspend…", reason=reason)
        self._submit(owner, key, "Revoke…", reason=reason)

    def _submit(self, player: Player, key: str, label: str, **fields: str) -> None:
        answer = player.type_command(f"/keys show {key}")
        assert answer is not None
        player.press(label, answer)
        assert player.submit(**fields) == {}
        self._press_in_modals(player)
        self._close_all(player)

    def configure_pages(self, player: Player) -> None:
        """Type everything about pages, press what it answers with, and fill in every form."""
        with self._scenario.database.write() as session:
            ids = add_components(session, self._world, self._scenario.clock.now())
        for _ in fill_in_pages(player, self._world, ids):
            self._press_in_modals(player)
            self._close_all(player)
        self._type(player, page_commands(self._world, ids))

    def ask(self, player: Player) -> None:
        """Ask for a key by the form, where pages are so many that they are searched for."""
        player.type_command("/keys request")
        self.offered |= {element["action_id"] for _, element in elements_of(player.modal["blocks"])}
        block = next(block for block in player.modal["blocks"] if block.get("block_id") == "pages")
        search = {
            "block_id": "pages",
            "action_id": block["element"]["action_id"],
            "value": "",
            "user": player.user_id,
        }
        search["container"] = _container(player, player.modal)
        assert len(self._scenario.control.call("POST", "options", search)["options"]) == MOST_OPTIONS
        words = {"name": longest(80, 1), "purpose": longest(1000, 1, lines=True), "lifetime_days": "365"}
        pages = self._world.pages[:MOST_OPTIONS]
        places = {
            block["block_id"]: [option["value"] for option in block["element"]["options"]]
            for block in player.modal["blocks"]
            if block.get("block_id", "").startswith("scopes")
        }
        assert player.submit(**words, **places, pages=pages, holder=MAX) == {}
        self._close_all(player)

    def look_at_import(self, owner: Player) -> None:
        """Open the form in which a key is imported, with all pages."""
        refusal = owner.type_command("/keys import")
        assert refusal is None, refusal
        self._close_all(owner)


class IncidentPlay(Play):
    """The same in a world in which there are incidents and maintenances, of what belongs to these."""

    def __init__(self, scenario: Scenario, world: World, made: Incidents) -> None:
        super().__init__(scenario, world)
        self._made = made

    def _choices(self, surface: Json) -> Iterator[tuple[Json, Json, Json, str]]:
        return (choice for choice in super()._choices(surface) if is_of_incidents(choice[3]))

    def type_incidents(self, player: Player) -> None:
        """Type every command about incidents, and press what it answers with."""
        self._type(player, incident_commands(self._world, self._made))

    def type_maintenances(self, player: Player, *, most: int | None = None) -> None:
        """The same about maintenances; of those who are refused everything, the first `most`."""
        self._type(player, maintenance_commands(self._world, self._made)[:most])

    def fill_in_incidents(self, player: Player) -> None:
        """Fill in every form of incidents and maintenances, and press what it becomes."""
        forms = IncidentForms(self._scenario, self._world, self._made, player)
        for fill_in in forms.all():
            shown = fill_in()
            if shown:
                self.press_everything(player, shown, deep=_DEEPEST)
            self._close_all(player)
        self._scenario.deliver()
        card = next(card for card in player.direct_messages() if find_label(card, "Send back"))
        forms.send_back("Send back", card)
        self._close_all(player)


def _container(player: Player, surface: Json) -> Json:
    if surface.get("type") == "modal":
        return {"type": "view", "view_id": surface["id"]}
    if surface.get("type") == "home":
        return {"type": "home", "user": player.user_id}
    return {"type": "message", "channel": surface["channel"], "ts": surface["ts"]}
