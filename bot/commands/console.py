"""What all commands share: settings, the desk, who acts, and errors as two lines instead of a traceback."""

import errno
import os
import pwd
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import typer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from typer.core import TyperGroup

from bot.commands.naming import on_terminal, without_marks
from bot.database import make_desk, open_database, require_schema
from bot.settings import Settings, SettingsError, load_settings
from desk.clock import SteeredClock, SystemClock
from desk.errors import KeydeskError, LateError
from desk.masking import mask
from desk.texts import without_controls
from desk.timekeeping.comparing import decide_clock, is_apart, read_server_time
from desk.transaction import Actor, Desk
from storage.database import Database, is_away, is_damaged
from storage.deadline import TooLateError, answer_within
from storage.room import is_for_want_of_room

WAIT_SECONDS = 30.0
"""So long a command waits for the database. It answers whoever looks in a fraction of a second, or is silent."""
_LOGIN, _NOBODY = Path("/proc/self/loginuid"), 2**32 - 1
LONG_SECONDS = 1800.0
"""So long one that reads or writes very much."""


def say(text: str = "") -> None:
    """Print a line of the answer, without what a terminal would obey: it may repeat what anybody wrote."""
    typer.echo(without_controls(text))


def complain(text: str) -> None:
    """Print a line to standard error, without the secrets that an error may repeat."""
    typer.echo(without_controls(mask(text)), err=True)


class KeydeskGroup(TyperGroup):
    """Shows a refusal as its sentence and its hint, and ends with 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            for problem in error.problems:
                complain(problem)
            complain(error.hint)
        except KeydeskError as error:
            complain(error.sentence)
            if error.hint:
                complain(without_marks(error.hint))
        except TooLateError:
            complain(LateError().sentence)
            complain(LateError().hint)
        except (DBAPIError, PoolTimeoutError) as error:
            complain_of_database(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            complain(f"{where}{error.strerror or error}.")
        raise typer.Exit(1)


def complain_of_database(error: SQLAlchemyError) -> None:
    """Say what a database said, and what to look at."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if isinstance(error, DBAPIError) and is_for_want_of_room(error):
        complain(f"The database cannot be written to: {said}")
        complain("Its disk is most likely full. Make room, and try again.")
    elif is_away(error):
        complain(f"The database does not answer: {said}")
        complain("Is KEYDESK_DATABASE_URL right, and does the server run? 'keydesk config' shows it.")
    elif is_damaged(error):
        complain(f"The database cannot be read: {said}")
        complain("Is it Keydesk's? 'keydesk restore' puts a backup in its place.")
    else:
        complain(f"The database refused: {said}")
        complain("'keydesk db check' tells whether it is what this release needs.")


def tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody expected, as Python tells it, without the secrets that it may repeat."""
    if issubclass(kind, Exception):
        complain("".join(traceback.format_exception(kind, error, trace)).rstrip())
        complain("That is a mistake of Keydesk's: please report it.")
    else:
        sys.__excepthook__(kind, error, trace)


def operator() -> Actor:
    """Whoever has the shell: an operator, by login name."""
    return Actor.operator(login_name())


def login_name() -> str:
    """As whom somebody logged in, which the kernel remembers through `sudo`; else as whom they act. The environment
    says what anybody wants."""
    number = os.getuid()
    with suppress(OSError, ValueError):
        logged_in = int(_LOGIN.read_text())
        number = logged_in if logged_in != _NOBODY else number
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        # Containers run under numbers that no user has.
        return f"uid-{number}"


@dataclass(frozen=True, slots=True)
class Console:
    """What was typed before the command."""

    env_file: Path

    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        return load_settings(self.env_file)

    @contextmanager
    def database(self, settings: Settings, *, seconds: float = LONG_SECONDS) -> Iterator[Database]:
        """The database, whatever state it is in; nothing waits for it longer than these seconds."""
        database = open_database(settings)
        try:
            with answer_within(seconds):
                yield database
        finally:
            database.close()

    @contextmanager
    def desk(self, *, organization_id: str | None = None, seconds: float | None = None) -> Iterator[Desk]:
        """The desk on an up-to-date database. Raises KeydeskError when the database has another schema.

        Where there is no organization yet, it begins with the id that is given.
        """
        settings = self.settings()
        with self.database(settings, seconds=seconds or WAIT_SECONDS) as database:
            require_schema(database)
            clock = SteeredClock(SystemClock())
            desk = make_desk(settings, database, clock=clock, organization_id=organization_id)
            with desk.database.read() as session:
                server = read_server_time(session)
            if server is not None and is_apart(server, clock.now()) and decide_clock(server, clock):
                clock.steer(server.now)
            yield replace(desk, policy=replace(desk.policy, name_command=on_terminal(settings.command_prefix)))


def console_of(context: typer.Context) -> Console:
    """What was typed before the command."""
    console = context.obj
    assert isinstance(console, Console)
    return console
