"""Two organizations side by side, each with everything; what is in the first is handed to functions of the second."""

import importlib
import inspect
import itertools
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import String, literal, select, update
from sqlalchemy.orm import Session

import desk as desk_package
from desk.audit.trail import Action
from desk.digest.sent import send_digest
from desk.incidents.drafts.content import Content
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.keys.rules import Change
from desk.messages.subjects import Thing
from desk.people import Subject, SubjectWord
from desk.permissions import Duty
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from storage.models import ApiKey, Base, Channel, Component, ComponentStatus, Scope, SlackMessage, SubjectKind
from storage.models.base import InOrganization
from storage.organizations import OF_EVERY_ORGANIZATION
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import ORGANIZATION, begin_other
from tests.factories import MAX, MIA, add_member
from tests.unit.desk.authority.doors import Door, list_port_methods
from tests.unit.desk.authority.walking import Arguments
from tests.unit.desk.authority.world import HERE, OPERATOR, POLICY, Places, Row, World, make_world

ELSEWHERE = Places("elsewhere", "delta", "C0ELSEWHERE", "S0ELSEWHERE", "kelsewhere00", nobodies=False)
STRANGER = "U0BOT00001"
"""Somebody whom only the first organization knows."""
LEFT = "U0LEFT0001"
"""Somebody who left the second."""
PERIOD = "2026-02-09"
"""When only the first had a digest."""
MARK = "alien"
"""Stands before all that people wrote in the first."""
_WRITTEN = re.compile("name|handle|purpose|description|title|body|.*reason|postmortem_body.*|last_error")
_NAME = re.compile(r"[\w-]{6,}")
MODELS: Sequence[type[Any]] = [one.class_ for one in Base.registry.mappers if issubclass(one.class_, InOrganization)]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Both worlds. Their people are the same, for each of whom either has a row of its own."""

    first: World
    second: World
    names: Mapping[str, str]
    """Whatever things of the first alone are called by, each with a name of the same form that nobody has."""

    def unknown(self, value: Any) -> Any:
        """The same value, with names that nobody has for those of the first organization."""
        if isinstance(value, str) and not isinstance(value, Enum):
            return self.names.get(value) or _NAME.sub(lambda match: self.names.get(match[0], match[0]), value)
        if isinstance(value, Mapping):
            return {self.unknown(key): self.unknown(item) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self.unknown, value))
        if isinstance(value, list | tuple | set | frozenset):
            inner = map(self.unknown, value)
            return type(value)(*inner) if hasattr(value, "_fields") else type(value)(inner)
        if is_dataclass(value) and not isinstance(value, type | Row):
            return replace(value, **{one.name: self.unknown(getattr(value, one.name)) for one in fields(value)})
        return value

    def told(self, given: object) -> set[str]:
        """What of the first organization an outcome says."""
        text = shown(given)
        return {word for word in _NAME.findall(text) if word in self.names} | set(re.findall(MARK, text))

    def substitutions(self, door: Door, arguments: Arguments) -> Iterator[Arguments]:
        """Arguments of the second organization with one of them out of the first."""
        for name, parameter in door.parameters.items():
            for value in self.first.values_for(name, parameter.annotation) or ():
                if self.unknown(value) != value:
                    yield {**arguments, name: value}


def make_neighbours(desk: Desk) -> Neighbours:
    """See `Neighbours`. The clock then stands at `NOW`."""
    first = make_world(desk, HERE)
    desk.write_now(OPERATOR, lambda tx: send_digest(tx, period=PERIOD, scheduled_for=NOW - timedelta(days=21)))
    with desk.database.write() as session:
        ids = _ids(session)
        _mark(session)
        first = _with_more(first, session, PERIOD)
    second_desk = replace(desk, database=begin_other(desk.database))
    second = make_world(second_desk, ELSEWHERE)
    with second_desk.database.write() as session:
        add_member(session, LEFT, NOW, is_deleted=True)
        second = _with_more(second, session, "2026-02-23")
    words = [word for word in first.by_name["word"] if word not in second.by_name["word"]]
    names = {*ids, *words, HERE.group, HERE.lane, STRANGER, PERIOD}
    return Neighbours(first, second, {name: _unlike(name) for name in names})


def _ids(session: Session) -> set[str]:
    rows = [row for model in MODELS for row in session.scalars(select(model))]
    return {row.id for row in rows if isinstance(getattr(row, "id", None), str)} - {ORGANIZATION}


def _unlike(name: str) -> str:
    """As long, of the same form, and nobody's."""
    return f"{name[:-1]}1" if name[0].isdigit() else f"{name[:2]}zz{name[4:]}"


def _mark(session: Session) -> None:
    for model in MODELS:
        texts = [
            column for column in model.__table__.c if isinstance(column.type, String) and not column.foreign_keys
        ]
        marked = {one.key: literal(f"{MARK} ") + one for one in texts if _WRITTEN.fullmatch(one.key)}
        if marked:
            session.execute(update(model).values(marked), execution_options={"synchronize_session": False})


def _with_more(world: World, session: Session, period: str) -> World:
    """What functions are asked for that no handler calls, besides what doors are; and whatever holds an id."""
    key, incident, page = (world.by_name[name][0] for name in ("key_id", "incident_id", "page_id"))
    head = session.scalars(select(SlackMessage).where(SlackMessage.kind == "incident.head")).first()
    component = session.get_one(Component, world.by_type[Component][0].id)
    assert head is not None
    marked = f"{MARK} " if component.name.startswith(MARK) else ""
    member, group, lane = (STRANGER, HERE.group, HERE.lane) if marked else (MIA, ELSEWHERE.group, ELSEWHERE.lane)
    broken = {component.id: ComponentStatus.MAJOR_OUTAGE}
    status = {"code": component.id, "name": "X", "old_status": "operational", "new_status": "major_outage"}
    new, change = NewIncident(name="New", components=broken), IncidentChange(body="Still.", components=broken)
    types: dict[object, Sequence[Any]] = {
        Action: [Action.KEY_KEPT],
        Change: [Change.SUSPEND],
        Duty: [Duty.DIRECTORY],
        Thing: list(Thing),
        Policy: [POLICY],
        Scope: [Scope.INCIDENTS_WRITE],
        SubjectKind: list(SubjectKind),
        Channel: [Channel.SLACK],
        Subject: [*world.by_type[Subject], Subject(SubjectKind.USER, MAX, "Max")],
        SubjectWord: [SubjectWord("user", member), SubjectWord("group", group)],
        NewIncident: [*world.by_type[NewIncident], new],
        IncidentChange: [*world.by_type[IncidentChange], change],
        Content: [*world.by_type[Content], new],
    }
    *templates, subdomain = world.by_name["word"]
    names: dict[str, Sequence[Any]] = {
        "word": [*(f"{marked}{word}" for word in templates), subdomain, component.name, f"{marked}Upgrade"],
        "words": [[component.name]],
        "states": [{"components": {component.id: "operational"}}],
        "page": [None, subdomain],
        "component_ids": [[], [component.id]],
        "period": [period],
        "user_id": [member] if marked else [member, LEFT],
        "user_ids": [[member]],
        "to_user_id": [member],
        "approver_id": [member],
        "collector_id": [member],
        "actor": [f"member:{member}", f"key:{key}"],
        "group_id": [group],
        "group_ids": [[group]],
        "subject_id": [head.subject_id, key, group, member],
        "subject_kind": ["key"],
        "kind": ["incident.head"],
        "conversation": [lane],
        "conversations": [[lane]],
        "lane": [lane],
        "key_ids": [[key]],
        "digest": [bytes.fromhex(session.get_one(ApiKey, key).sha256)],
        "predecessor_id": [key],
        "incident_ids": [[incident]],
        "draft_ids": [world.by_name["draft_id"]],
        "page_ids": [[page]],
        "affected": [[status]],
        "today": [NOW.date()],
        "now": [NOW],
        "expires_at": [NOW],
    }
    return replace(world, by_type=dict(world.by_type) | types, by_name=dict(world.by_name) | names)


@cache
def find_functions() -> Mapping[str, Door]:
    """Every function of the desk that takes a transaction or a session, and every method of the page port."""
    found: dict[str, Door] = {}
    for module in pkgutil.walk_packages(desk_package.__path__, "desk."):
        for name, function in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(function) and function.__module__ == module.name and not name.startswith("_"):
                found |= _function(f"{module.name}.{name}".removeprefix("desk."), function)
    for name, method in list_port_methods():
        found |= _function(name, method)
    return found


def _function(name: str, function: Callable[..., Any]) -> dict[str, Door]:
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    first = parameters[0] if parameters else None
    if first is None or (first.annotation is not Transaction and first.name != "session"):
        return {}
    named = [one for one in parameters[1:] if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return {
        name: Door(name, _by_name(function, of_session=first.name == "session"), {one.name: one for one in named})
    }


def _by_name(function: Callable[..., Any], *, of_session: bool) -> Callable[..., Any]:
    """The function, with everything but the transaction given by name."""
    alone = [one.name for one in inspect.signature(function).parameters.values() if one.kind is one.POSITIONAL_ONLY][
        1:
    ]

    def called(tx: Transaction, **values: Any) -> Any:
        first = tx.session if of_session else tx
        return function(first, *(values.pop(name) for name in alone), **values)

    called.__wrapped__ = function  # type: ignore[attr-defined]
    return called


def is_handed_a_row(door: Door) -> bool:
    """Whether it needs a row, or something made of rows: whoever has one has read it in their organization."""
    names = {model.__name__ for model in MODELS} | {"PageView", "PageFacts"}
    required = [one for one in door.parameters.values() if one.default is inspect.Parameter.empty]
    return any(names & set(re.findall(r"\w+", str(one.annotation))) for one in required)


def list_own_arguments(world: World, door: Door) -> Iterator[Arguments]:
    """Every combination of what must be given. Raises LookupError where there is nothing to give."""
    must: dict[str, Sequence[Any]] = {}
    for name, parameter in door.parameters.items():
        if parameter.default is inspect.Parameter.empty:
            values = world.values_for(name, parameter.annotation)
            if values is None:
                raise LookupError(f"{door.name}: nothing to give for {name}: {parameter.annotation}")
            must[name] = values
    for chosen in itertools.product(*must.values()):
        yield dict(zip(must, chosen, strict=True))


def shown(given: object) -> str:
    """What an outcome says, with the values of every row in it."""
    if isinstance(given, Base):
        return repr(sorted((name, shown(value)) for name, value in vars(given).items() if not name.startswith("_")))
    if is_dataclass(given) and not isinstance(given, type):
        return repr([(one.name, shown(getattr(given, one.name))) for one in fields(given)])
    if isinstance(given, Mapping):
        return repr([(shown(key), shown(value)) for key, value in given.items()])
    if isinstance(given, list | tuple | set | frozenset):
        return repr([shown(one) for one in given])
    return f"{type(given).__name__}: {given}"


def rows_of_the_first(session: Session) -> Mapping[str, list[tuple[Any, ...]]]:
    """Every row of the first organization, whoever looks."""
    session.flush()
    found = {}
    for table in Base.metadata.sorted_tables:
        if "organization_id" in table.c:
            own = select(table).where(table.c.organization_id == ORGANIZATION).order_by(*table.primary_key.columns)
            rows = session.execute(own, execution_options=OF_EVERY_ORGANIZATION)
            found[table.name] = [tuple(row) for row in rows]
    return found
