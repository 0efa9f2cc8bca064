"""In the largest world that limits and policy allow, Slack takes everything, and nobody's text comes alive."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import filterfalse
from pathlib import Path
from typing import Any

import pytest

from desk.commands import SlackNames
from desk.transaction import Actor, Desk
from handlers.slack.app import all_renderers
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.commands import CommandFamily, split_command
from handlers.slack.incidents.commands import INCIDENTS
from handlers.slack.maintenances.commands import MAINTENANCES
from handlers.slack.pages.commands import PAGES
from sandbox.player import Json
from sandbox.ratelimits import Hold
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Delivery, SlackMessage
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, copy_sqlite
from tests.factories import GUS, MIA, OLIVIA
from tests.scenario.conftest import Scenario, _introduce_people
from tests.scenario.incidents_stage import STATUS_CHANNEL
from tests.scenario.largest_incidents import seed
from tests.scenario.largest_messages import ERRORS, connect_largest, send_everything
from tests.scenario.largest_play import OF_INCIDENTS, IncidentPlay, Play, is_of_incidents
from tests.scenario.largest_world import CHANNEL, NAME, World, largest_policy, longest
from tests.scenario.prefixed import PREFIX, PrefixedControl, bare_commands, write_manifest
from tests.scenario.running import RunningBot
from tests.scenario.slack_checks import problems_of_message, problems_of_view
from tests.scenario.texts_alone import SAYS, list_dumb

_OUR_FAULT = "Something went wrong on our side"
_WITHOUT_SUBMIT = {CallbackId.INCIDENT_SHOW, CallbackId.INCIDENTS_LIST, CallbackId.DRAFT, CallbackId.DRAFT_DOUBLES}
_MISTAKES = ("not_drawn", "invalid_", "msg_", "no_text")
"""How errors of deliveries begin that are Keydesk's own."""


@dataclass(slots=True)
class Seen:
    """What went to Slack, and what is wrong with it."""

    kinds: set[str] = field(default_factory=set)
    texts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Of each kind of message, what phones and screen readers give."""
    callback_ids: set[str] = field(default_factory=set)
    homes: set[str] = field(default_factory=set)
    typed: set[tuple[str, str]] = field(default_factory=set)
    """Commands with their sub-commands."""
    pressed: set[str] = field(default_factory=set)
    submitted: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    problems: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    violations: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    """Commands that are named without the prefix that is set."""
    mistakes: list[str] = field(default_factory=list)
    """Answers that owe themselves to an error that nobody foresaw, and messages that could not be drawn or sent."""

    judged: set[str] = field(default_factory=set)
    """What need not be looked at when it comes again, to somebody else or as it was."""

    def message(self, what: str, body: Json) -> None:
        """Judge a message."""
        text, blocks = body.get("text") or "", body.get("blocks") or []
        if self._is_new([what, text, blocks]):
            self.problems[what].update(problems_of_message(text, blocks))

    def view(self, what: str, view: Json) -> None:
        """Judge a modal or a Home tab."""
        self.callback_ids |= {view["callback_id"]} if view["type"] == "modal" else set()
        if self._is_new([what, view]):
            self.problems[f"{what} {view.get('callback_id', 'home')}"].update(problems_of_view(view))

    def _is_new(self, seen: Any) -> bool:
        words = json.dumps(seen)
        new = words not in self.judged
        self.judged.add(words)
        return new


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[Scenario, World]]:
    """The largest world, under the longest prefix of commands."""
    with SandboxServer(manifest=write_manifest(tmp_path)) as slack_server:
        timing = slack_server.workspace.timing
        # What fits is the question here, not how fast a busy machine draws it.
        timing.acknowledge_within = timing.trigger_lifetime = 30
        # Nobody opens hundreds of windows in a minute.
        slack_server.workspace.rate_limits.hold = Hold.NONE
        database = Database.from_url(copy_sqlite(sqlite_template, tmp_path)).of(ORGANIZATION)
        clock = HeldClock()
        desk = Desk(database, clock, replace(largest_policy(), name_command=SlackNames(PREFIX)))
        for number, person in enumerate(slack_server.workspace.people.values()):
            person.name = person.real_name = longest(NAME, number)
        with database.write() as session:
            _introduce_people(session, slack_server)
            world = World(session, clock.now())
        bot = RunningBot(desk, slack_api_url=slack_server.api_url)
        slack_server.workspace.set_request_url(bot.url)
        try:
            yield Scenario(PrefixedControl(slack_server.url), slack_server, bot, desk, clock), world
        finally:
            bot.stop()
            database.close()


def play_keys(scenario: Scenario, world: World) -> Play:
    """Of keys, roles, people and pages send, type, press and submit everything."""
    play = Play(scenario, world)
    players = (scenario.olivia, scenario.mia, scenario.person(GUS))
    scenario.desk.write_now(Actor.operator("test"), lambda tx: send_everything(tx, world))
    scenario.desk.write_now(Actor.operator("test"), connect_largest)
    scenario.deliver()
    for player in players:
        play.open_home(player)
    play.submit_forms(scenario.olivia)
    play.configure_pages(scenario.olivia)
    play.look_at_import(scenario.olivia)
    play.read_channel(scenario.olivia, CHANNEL)
    for player in players:
        scenario.deliver()
        play.read_messages(player)
        play.type_everything(player)
    with scenario.database.write() as session:
        world.add_pages(session, 100)
    play.ask(scenario.mia)
    scenario.deliver()
    return play


def play_incidents(scenario: Scenario, world: World) -> Play:
    """Of incidents and maintenances send, type, press and submit everything, and all there is in Home tabs."""
    made = scenario.desk.write_now(Actor.member(OLIVIA), lambda tx: seed(tx, world))
    play = IncidentPlay(scenario, world, made)
    players = (scenario.olivia, scenario.mia, scenario.person(GUS))
    scenario.deliver()
    for player in players:
        play.open_home(player)
    play.fill_in_incidents(scenario.mia)
    play.read_channel(scenario.mia, STATUS_CHANNEL)
    for player in players:
        scenario.deliver()
        play.read_messages(player)
    play.type_incidents(scenario.mia)
    play.type_maintenances(scenario.mia)
    play.type_maintenances(scenario.person(GUS), most=8)
    scenario.deliver()
    return play


def judge(scenario: Scenario, play: Play) -> Seen:
    """Look at everything that went over the wire."""
    seen = Seen(offered=play.offered)
    with scenario.database.read() as session:
        messages = session.query(SlackMessage).all()
        kinds = {message.id: message.kind for message in messages}
        kinds |= {f"{message.channel_id} {message.ts}": message.kind for message in messages if message.ts}
        errors = [row.last_error or "" for row in session.query(Delivery)]
        seen.mistakes += [error for error in errors if error.startswith(_MISTAKES) and error not in ERRORS]
    for entry in scenario.control.journal():
        if entry["kind"] == "api":
            _judge_call(seen, entry["method"], entry["args"], kinds)
        elif entry["kind"] == "delivery":
            _note_deed(seen, entry["payload"])
            _judge_answer(seen, entry["payload"], entry.get("response_payload"))
        elif entry["kind"] == "response_url":
            seen.message("response_url", entry["body"])
        elif entry["kind"] == "violation":
            seen.violations.append(entry["text"])
        seen.bare += bare_commands(entry)
        said = {name: part for name, part in entry.items() if name != "payload"}
        if _OUR_FAULT in json.dumps(said):
            seen.mistakes.append(json.dumps(entry.get("payload", entry))[:1000])
    return seen


def _judge_call(seen: Seen, method: str, args: Json, kinds: dict[str, str]) -> None:
    args = {name: _parsed(value) for name, value in args.items()}
    if method.startswith("chat."):
        edited = f"{args.get('channel')} {args.get('ts')}"
        message_id = args.get("metadata", {}).get("event_payload", {}).get("message_id", edited)
        kind = kinds.get(message_id, method)
        seen.kinds.add(kind)
        seen.texts[kind].add(args.get("text") or "")
        seen.message(kind, args)
    elif method.startswith("views."):
        if method == "views.publish":
            seen.homes.add(args["user_id"])
        seen.view(method, args["view"])


def _note_deed(seen: Seen, payload: Json) -> None:
    """What somebody did: typed, pressed, chose or submitted."""
    if "command" in payload:
        seen.typed.add((payload["command"], split_command(payload.get("text") or "")[0]))
    seen.pressed |= {action["action_id"] for action in payload.get("actions") or ()}
    if payload.get("type") == "view_submission":
        seen.submitted.add(payload["view"]["callback_id"])
    elif payload.get("type") == "block_suggestion":
        seen.pressed.add(payload["action_id"])


def _judge_answer(seen: Seen, payload: Json, answer: Any) -> None:
    if not isinstance(answer, dict):
        return
    if "view" in answer:
        seen.view("submitted", answer["view"])
    elif "text" in answer or "blocks" in answer:
        seen.message(f"{payload.get('command')} {payload.get('text', '')[:30]}", answer)


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value


def test_the_largest_world_of_keys(stage: tuple[Scenario, World], subtests: pytest.Subtests) -> None:
    """Everything about keys, roles, people and pages was sent, opened, typed, pressed and submitted, Slack takes all
    of it, and nothing went wrong."""
    seen = judge(stage[0], play_keys(*stage))
    _require_nothing_wrong(seen, subtests)
    with subtests.test("every modal was opened, and the forms of pages were submitted"):
        assert set(filterfalse(is_of_incidents, CallbackId)) - seen.callback_ids == set()
        assert {CallbackId.COMPONENT, CallbackId.COMPONENT_GROUP, CallbackId.PAGE_SETTINGS} - seen.submitted == set()
    with subtests.test("every kind of message was sent"):
        assert set(filterfalse(is_of_incidents, all_renderers())) - seen.kinds == set()
    with subtests.test("every sub-command of pages was typed"):
        assert _sub_commands(PAGES) - seen.typed == set()
    with subtests.test("every button and menu was offered"):
        assert set(filterfalse(is_of_incidents, ActionId)) - (seen.offered | seen.pressed) == set()


def test_the_largest_world_of_incidents(stage: tuple[Scenario, World], subtests: pytest.Subtests) -> None:
    """The same about incidents and maintenances, beside all the keys and roles that there are, and of Home tabs."""
    seen = judge(stage[0], play_incidents(*stage))
    _require_nothing_wrong(seen, subtests)
    with subtests.test("every modal was opened, and every form was submitted"):
        assert set(filter(is_of_incidents, CallbackId)) - seen.callback_ids == set()
        forms = {one for one in CallbackId if one.startswith(OF_INCIDENTS)} - _WITHOUT_SUBMIT
        assert forms - seen.submitted == set()
    with subtests.test("every kind of message was sent"):
        assert set(filter(is_of_incidents, all_renderers())) - seen.kinds == set()
    with subtests.test("every sub-command of incidents and maintenances was typed"):
        assert (_sub_commands(INCIDENTS) | _sub_commands(MAINTENANCES)) - seen.typed == set()
    with subtests.test("every button and menu was used; those of templates were offered"):
        assert set(filter(is_of_incidents, ActionId)) - (seen.offered | seen.pressed) == set()
        assert {one for one in ActionId if one.startswith(OF_INCIDENTS)} - seen.pressed == set()
    with subtests.test("everybody saw their Home tab"):
        assert seen.homes == {OLIVIA, MIA, GUS}


def _require_nothing_wrong(seen: Seen, subtests: pytest.Subtests) -> None:
    with subtests.test("Slack takes every message, modal and Home tab, by three judges"):
        problems = [f"{what}: {one[:300]}" for what, found in seen.problems.items() for one in sorted(found)]
        assert problems == []
        assert seen.violations == []
    with subtests.test("every command is named with its prefix"):
        assert seen.bare == []
    with subtests.test("no command, click or delivery met an error that nobody foresaw"):
        assert seen.mistakes == []
    with subtests.test("the text alone of every kind of message says what it is about and what happened or is asked"):
        assert seen.texts.keys() - SAYS.keys() == set()
        dumb = [text[:1000] for kind, texts in seen.texts.items() for text in list_dumb(kind, texts)]
        assert not dumb, "\n".join(dumb)


def _sub_commands(family: CommandFamily) -> set[tuple[str, str]]:
    return {(SlackNames(PREFIX)(family.command[1:]), one.name) for one in family.sub_commands}
