"""Every command, menu and form of incidents and maintenances in the largest world."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from desk.incidents.inputs import MAX_NAME
from handlers.slack.incidents.form_state import MOST_COMPONENTS
from handlers.slack.maintenances.views import FLAGS
from handlers.slack.markdown.inputs import MAX_INPUT
from sandbox.player import Json, Player, inputs_of, options_of
from storage.models import ComponentStatus
from tests.scenario.conftest import Scenario
from tests.scenario.largest_incidents import REASON, SECOND, Incidents, longest_markdown
from tests.scenario.largest_world import World, longest

_LINE = 3000
_CANCEL_REASON = 2000
_WINDOW = "from 2026-12-01 22:00 until 2027-12-01 22:00"


def incident_commands(world: World, made: Incidents) -> list[str]:
    """Everything about incidents that can be typed, with the largest words."""
    hostile, page = longest(400, 0), world.pages[0]
    names = [f'"{longest(MAX_NAME, flavour).replace(chr(96), "")}"' for flavour in range(4)]
    bodies = [longest_markdown(_LINE, flavour) for flavour in range(6)]
    many = " ".join(f"component:{one}=partial_outage" for one in made.components[: MOST_COMPONENTS + 5])
    unknown = " ".join(f"component:{number}{longest(60, 0).replace(' ', '')}" for number in range(40))
    template = made.templates[1]
    lines = [
        "",
        "help",
        "list",
        "list all",
        f"list on {page}",
        f"list {hostile}",
        f"list all {longest(3, 0)}",
        "drafts",
        *(f"show {one}" for one in (made.open[0], made.open[-1], made.over[0], made.planned[0], made.running[0])),
        f"show {names[0]}",
        f"show {hostile}",
        "new",
        *(f"new {names[n % 4]} on {page} {many} impact:critical identified {bodies[n]}" for n in range(3)),
        f"new {names[0]} on {world.pages[SECOND]} impact:critical {bodies[4]}",
        f"new {names[0]} on {page} {unknown} {longest_markdown(9000, 5)}",
        f"new on {page} template:{template} Nothing:{longest(99, 2)} impact:{longest(50, 0)}",
        f"new {longest_markdown(600, 0)}",
        f"new {names[2]} on nowhere {bodies[2]}",
        "update",
        *(f"update {one} monitoring {bodies[0]}" for one in (made.open[0], made.running[0], made.planned[1])),
        f"update {made.open[1]}",
        f"update {names[1]} {longest_markdown(9000, 1)}",
        "resolve",
        f"resolve {made.open[0]} {bodies[3]}",
        f"reopen {made.over[1]}",
        f"reopen {names[1]} {bodies[0]}",
        f"postmortem {made.over[0]}",
        f"postmortem {made.open[0]}",
        f"postmortem {hostile}",
        "backfill",
        f"backfill {names[0]} on {page} at 2026-02-01 14:00 {bodies[0]}",
        f"backfill {names[0]} on {longest(50, 2)} at 2027-02-01 14:00 {longest_markdown(9000, 1)}",
        "template",
        "template list",
        f"template show {made.templates[0]}",
        f"template show {template}",
        f"template show {hostile}",
        f"template save {made.open[0]} as {names[1]}",
        f"template save {made.open[0]}",
        f"template delete {made.templates[-1]}",
        f"template {hostile}",
        hostile,
    ]
    return [f"/incident {line}".strip() for line in lines]


def maintenance_commands(world: World, made: Incidents) -> list[str]:
    """The same of maintenances."""
    hostile, page = longest(400, 0), world.pages[0]
    names = [f'"{longest(MAX_NAME, flavour).replace(chr(96), "")}"' for flavour in range(4)]
    many = " ".join(f"component:{one}" for one in made.components[: MOST_COMPONENTS + 5])
    bodies = [longest_markdown(_LINE, flavour) for flavour in range(4)]
    lines = [
        "",
        "help",
        "list",
        f"list on {page}",
        f"list {hostile}",
        "schedule",
        *(f"schedule {names[flavour]} on {page} {many} {_WINDOW} {bodies[flavour]}" for flavour in (0, 1)),
        f"schedule {names[0]} on {world.pages[SECOND]} {_WINDOW} {bodies[0]}",
        f"schedule {longest_markdown(600, 0)}",
        f"schedule {names[2]} on nowhere {_WINDOW} {bodies[2]}",
        f"schedule {names[1]} component:{hostile} from 2026-99-99 99:99 until tomorrow 12:00 Nowhere/{'x' * 60}",
        "start",
        f"start {made.planned[2]} {bodies[0]}",
        "update",
        f"update {made.running[1]} verifying {bodies[1]}",
        "extend",
        f"extend {made.running[1]} for 2h {bodies[3]}",
        f"extend {hostile}",
        "complete",
        f"complete {made.running[0]} {bodies[2]}",
        "reschedule",
        f"reschedule {made.planned[1]} {_WINDOW} {bodies[0]}",
        f"reschedule {hostile}",
        "cancel",
        f"cancel {made.planned[3]} {bodies[1]}",
        f"cancel {names[0]} {bodies[0]}",
        f"reopen {made.running[0]} {bodies[1]}",
        f"reopen {hostile}",
        f"show {made.planned[0]}",
        f"show {names[2]}",
        hostile,
    ]
    return [f"/maintenance {line}".strip() for line in lines]


class IncidentForms:
    """Somebody who fills in every form with as much as it takes."""

    def __init__(self, scenario: Scenario, world: World, made: Incidents, player: Player) -> None:
        self._scenario = scenario
        self._world = world
        self._made = made
        self._player = player

    def all(self) -> Sequence[Callable[[], Json]]:
        """Each fills in a form and submits it, and gives the modal that it became; empty where there is none."""
        incidents = (self._new, self._update, self._postmortem, self._backfill, self._template)
        return (*incidents, self._schedule, self._reschedule, self._cancel)

    def _new(self) -> Json:
        self._player.type_command("/incident new")
        self._enter("page", self._world.pages[0])
        self._enter("template", self._made.templates[1])
        chosen = self._choose_components()
        states = {f"state.{one}": str(ComponentStatus.PARTIAL_OUTAGE) for one in chosen}
        values = {f"value{number}": longest_markdown(200, number + 1) for number in range(10)}
        return self._submit(name=longest(MAX_NAME, 0), body=longest_markdown(MAX_INPUT, 0), **values, **states)

    def _update(self) -> Json:
        self._player.type_command(f"/incident update {self._made.open[2]}")
        self._enter("status", "resolved")
        self._choose_components()
        states = {f"state.{one}": "keep" for one in self._chosen()}
        return self._submit(body=longest_markdown(MAX_INPUT, 1), **states)

    def _postmortem(self) -> Json:
        self._player.type_command(f"/incident postmortem {self._made.over[2]}")
        blocks = [block["block_id"] for block in inputs_of(self._player.modal)]
        fields = {block: longest_markdown(MAX_INPUT, number) for number, block in enumerate(blocks)}
        return self._submit(**fields)

    def _backfill(self) -> Json:
        self._player.type_command("/incident backfill")
        fields = {"name": longest(MAX_NAME, 3), "body": longest_markdown(MAX_INPUT, 3), "impact": "critical"}
        began = self._scenario.clock.now() - timedelta(days=900)
        return self._submit(page=self._world.pages[0], backfill_date=began, **fields)

    def _template(self) -> Json:
        self._player.type_command(f"/incident template save {self._made.open[0]}")
        self._submit(name=longest(MAX_NAME, 3))
        return {}

    def _schedule(self) -> Json:
        self._player.type_command("/maintenance schedule")
        self._enter("page", self._world.pages[0])
        self._enter("template", self._made.templates[3])
        self._choose_components()
        start = self._scenario.clock.now() + timedelta(days=1)
        self._enter("scheduled_for", start)
        fields = {"name": longest(MAX_NAME, 0), "body": longest_markdown(MAX_INPUT, 0), "flags": sorted(FLAGS)}
        return self._submit(scheduled_until=start + timedelta(days=1), **fields)

    def _reschedule(self) -> Json:
        self._player.type_command(f"/maintenance reschedule {self._made.planned[0]}")
        start = self._scenario.clock.now() + timedelta(days=2)
        self._enter("scheduled_for", start)
        return self._submit(scheduled_until=start + timedelta(days=1), body=longest_markdown(MAX_INPUT, 4))

    def _cancel(self) -> Json:
        self._player.type_command(f"/maintenance cancel {self._made.planned[1]}")
        return self._submit(body=longest_markdown(_CANCEL_REASON, 0))

    def send_back(self, label: str, card: Json) -> Json:
        """The second person's reason."""
        self._player.press(label, card)
        self._submit(reason=longest(REASON, 0, lines=True))
        return {}

    def _choose_components(self) -> list[str]:
        """Search for components and choose as many as the form takes."""
        block_id = self._block_id("components")
        self._player.options(block_id, longest(30, 0))
        offered = options_of(self._player.options(block_id))
        self._player.enter(block_id, offered[:MOST_COMPONENTS])
        return self._chosen()

    def _chosen(self) -> list[str]:
        found = (block["block_id"].split(".") for block in inputs_of(self._player.modal))
        return [parts[1] for parts in found if parts[0] == "state"]

    def _enter(self, name: str, value: object) -> None:
        self._player.enter(self._block_id(name), value)

    def _block_id(self, name: str) -> str:
        """An input's block id, behind which the form counts."""
        ids: list[str] = [block["block_id"] for block in inputs_of(self._player.modal)]
        exact = [each for each in ids if each == name or each.rpartition(".")[0] == name]
        return exact[0]

    def _submit(self, **fields: object) -> Json:
        assert self._player.submit(**{self._block_id(name): value for name, value in fields.items()}) == {}
        views = self._player.views()
        return views[-1] if views else {}
