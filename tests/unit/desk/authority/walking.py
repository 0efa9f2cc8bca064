"""Going through doors: as somebody, with arguments that fit, and without a trace."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter
from typing import Any

from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from desk.errors import KeydeskError, NotAllowedError
from desk.transaction import Actor, Transaction
from storage.models import Base
from storage.signals import signalled
from tests.unit.desk.authority.doors import Door
from tests.unit.desk.authority.world import Row, World

Arguments = Mapping[str, Any]
Dump = Mapping[str, Sequence[tuple[Any, ...]]]


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
    given: object = None
    left: bool = False
    """Whether there was anything in the database after it that was not there before, or the other way round."""


class _UndoneError(Exception):
    """Nothing of it is kept."""


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


def go_through(world: World, door: Door, actor: Actor, arguments: Arguments, *, compare: bool = False) -> Try:
    """Call the door as somebody, and undo it. With `compare`, every row is looked at before and after."""
    tried: list[Try] = []

    def work(tx: Transaction) -> None:
        before = _dump(tx.session) if compare else None
        with _watched(tx) as written:
            try:
                given = _call(door, tx, arguments)
                tx.session.flush()
                outcome = Outcome.WROTE if written else Outcome.READ
            except NotAllowedError as refusal:
                outcome, given = Outcome.REFUSED, refusal
            except KeydeskError as refusal:
                outcome, given = Outcome.FAILED, refusal
        tx.session.flush()
        left = before is not None and (before != _dump(tx.session) or bool(signalled(tx.session)))
        tried.append(Try(outcome, given, left))
        raise _UndoneError

    try:
        world.desk.write_now(actor, work)
    except _UndoneError:
        return tried[0]
    raise AssertionError("unreachable: work always raises")


def _call(door: Door, tx: Transaction, arguments: Arguments) -> object:
    values = {name: value.read(tx.session) if isinstance(value, Row) else value for name, value in arguments.items()}
    given = door.function(tx, **values)
    return list(given) if isinstance(given, Iterator) else given


@contextmanager
def _watched(tx: Transaction) -> Iterator[list[str]]:
    """The statements that wrote, and the topics that were signalled."""
    written: list[str] = []

    def look(_connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if statement.lstrip().partition(" ")[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            written.append(statement)

    engine = tx.session.get_bind()
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield written
    finally:
        event.remove(engine, "before_cursor_execute", look)


def _dump(session: Session) -> Dump:
    """Every row of every table, in order."""
    return {
        table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
        for table in Base.metadata.sorted_tables
    }
