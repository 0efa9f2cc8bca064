"""Going through doors: as somebody, with arguments that fit, and without a trace."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import cache, cached_property, partial
from inspect import Parameter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from desk.errors import KeydeskError, NotAllowedError
from desk.transaction import Actor, Desk, Transaction
from storage.models import Base
from storage.signals import signalled
from tests.unit.desk.authority.doors import Door
from tests.unit.desk.authority.world import OPERATOR, Row, World, make_world

T = TypeVar("T")
Arguments = Mapping[str, Any]


class Outcome(StrEnum):
    """What came of a try."""

    WROTE = "wrote"
    READ = "read"
    """It gave something and changed nothing."""
    REFUSED = "refused"
    """NotAllowedError."""
    FAILED = "failed"
    """Some other refusal: of this argument, or in this state."""


@dataclass(frozen=True, slots=True)
class Try:
    """What came of calling a door, and what it gave or how it was refused."""

    outcome: Outcome
    given: object
    changed: bool
    """Whether more than reading was asked of the database, or is still to be: also where it was refused then."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody gets through a door with these arguments."""

    actor: Actor
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class State:
    """Every row of every table, in order, and what would be told after the commit."""

    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    topics: frozenset[str]


class _UndoneError(Exception):
    """Nothing of it is kept."""


def undone(world: World, work: Callable[[Transaction], T], actor: Actor = OPERATOR) -> T:
    """`work` in a transaction of somebody's, of which nothing is kept."""
    given: list[T] = []

    def do(tx: Transaction) -> None:
        given.append(work(tx))
        raise _UndoneError

    try:
        world.desk.write_now(actor, do)
    except _UndoneError:
        return given[0]
    raise AssertionError("unreachable: do always raises")


def list_arguments(world: World, door: Door) -> Sequence[Arguments]:
    """Every combination of what the door's parameters may be given. Those that can be left out are.

    Raises LookupError where there is nothing to give.
    """
    choices: dict[str, Sequence[Any]] = {}
    for name, parameter in door.parameters.items():
        if parameter.default is not Parameter.empty:
            continue
        values = world.values_for(name, parameter.annotation)
        if values is None:
            raise LookupError(f"{door.name}: nothing to give for {name}: {parameter.annotation}")
        choices[name] = values
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def find_opening(world: World, door: Door, actors: Iterable[Actor]) -> Opening | None:
    """Who of these gets through first, and with what: writing, where the door could write."""
    wanted = Outcome.WROTE if door.could_write else Outcome.READ
    choices = list_arguments(world, door)
    for actor in actors:
        tries = try_each(world, partial(call, door), choices, actor, until=wanted)
        if tries and tries[-1].outcome is wanted:
            return Opening(actor, choices[len(tries) - 1])
    return None


def try_each(
    world: World,
    attempt: Callable[[Transaction, Arguments], Try],
    choices: Sequence[Arguments],
    actor: Actor,
    *,
    until: Outcome,
) -> Sequence[Try]:
    """What comes of one after the other, up to the first with that outcome. Each finds everything as it was."""

    def work(tx: Transaction) -> Sequence[Try]:
        made: list[Try] = []
        for arguments in choices[len(tries) :]:
            made.append(attempt(tx, arguments))
            if made[-1].outcome is until or made[-1].changed:
                break
        return made

    tries: list[Try] = []
    while len(tries) < len(choices) and not (tries and tries[-1].outcome is until):
        tries += undone(world, work, actor)
    return tries


class Walk:
    """Tries that are all undone: whoever got through a door once gets through it for as long as there is the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._openings: dict[tuple[str, Actor], Opening | None] = {}

    @cached_property
    def world(self) -> World:
        """See `make_world`."""
        return make_world(self._desk)

    def find_opening(self, door: Door, actors: Iterable[Actor]) -> Opening | None:
        """As `find_opening`, and tried once for each of them."""
        for actor in actors:
            tried = (door.name, actor)
            if tried not in self._openings:
                self._openings[tried] = find_opening(self.world, door, [actor])
            if (opening := self._openings[tried]) is not None:
                return opening
        return None


def call_as_each(door: Door, tx: Transaction, actors: Iterable[Actor], arguments: Arguments) -> Mapping[Actor, Try]:
    """What comes of calling the door as one after the other, in one transaction."""
    return {actor: call(door, replace(tx, actor=actor), arguments) for actor in actors}


def call(door: Door, tx: Transaction, arguments: Arguments) -> Try:
    """Call the door within a transaction."""
    session = tx.session
    values = {name: value.read(session) if isinstance(value, Row) else value for name, value in arguments.items()}
    done = _words_of(session)
    before = len(done)
    outcome = None
    try:
        given = door.function(tx, **values)
        given = list(given) if isinstance(given, Iterator) else given
        session.flush()
    except KeydeskError as refusal:
        given = refusal
        outcome = Outcome.REFUSED if isinstance(refusal, NotAllowedError) else Outcome.FAILED
    words = set(done[before:])
    changed = bool(words - {"SELECT"} or session.new or session.dirty or session.deleted)
    return Try(outcome or (Outcome.WROTE if words & _WRITING else Outcome.READ), given, changed)


_WRITING = {"INSERT", "UPDATE", "DELETE"}


def _words_of(session: Session) -> list[str]:
    """The first word of each statement that was executed so far where this session is; it goes on."""
    engine = session.get_bind()
    if engine not in _executed:
        words = _executed[engine] = []

        def note(_connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
            words.append(statement.lstrip().partition(" ")[0].upper())

        event.listen(engine, "before_cursor_execute", note)
    return _executed[engine]


_executed: WeakKeyDictionary[Engine | Connection, list[str]] = WeakKeyDictionary()


def is_something(given: object) -> bool:
    """Whether what a door gave says anything."""
    if is_dataclass(given) and not isinstance(given, type | Base):
        return any(is_something(getattr(given, field.name)) for field in fields(given))
    return bool(given) and not isinstance(given, Exception)


def read_state(session: Session) -> State:
    """All that there is in this transaction."""
    session.flush()
    # As the driver gives them: nobody reads these rows, they are only compared.
    read = session.connection().exec_driver_sql
    rows = {table: [tuple(row) for row in read(statement)] for table, statement in _everything().items()}
    return State(rows, signalled(session))


@cache
def _everything() -> Mapping[str, str]:
    """Of each table, what reads all of it in order."""
    tables = Base.metadata.sorted_tables
    return {table.name: str(select(table).order_by(*table.primary_key.columns)) for table in tables}
