"""Finds the servers of others that tests run, nginx and PgBouncer, and fetches those that the machine lacks.

`python -m tests.setup_servers` prints where they are. Looked for in this order: the variable that names one, the
search path, where systems keep the programs of administrators. Fetched from Debian's packages when root runs this.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.setup_browser import Machine, ended_well, fetch_from_debian

_FOLDERS = (Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/opt/homebrew/bin"))
_VERSION_SECONDS = 30


class ServerMissingError(Exception):
    """One could not be found or fetched. The text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A program that tests start."""

    name: str
    variable: str
    """Names another one in the environment."""
    shows_version: str
    what_for: str
    """What needs it, as the beginning of a sentence."""


NGINX = Server("nginx", "NGINX", "-v", "The test of the documented web server")
PGBOUNCER = Server("pgbouncer", "PGBOUNCER", "--version", "The test of a pooled database")


def find_server(server: Server, machine: Machine | None = None, folders: Sequence[Path] = _FOLDERS) -> Path | None:
    """One that starts, or None. Fetches nothing."""
    machine = machine or Machine()
    named, on_path = machine.environment.get(server.variable), machine.which(server.name)
    elsewhere = [folder / server.name for folder in folders]
    candidates = [Path(named)] if named else [*([on_path] if on_path else []), *filter(Path.exists, elsewhere)]
    command = server.shows_version
    return next((path for path in candidates if ended_well([path, command], machine, _VERSION_SECONDS)[0]), None)


def get_server(server: Server, machine: Machine | None = None, folders: Sequence[Path] = _FOLDERS) -> Path:
    """One that starts, fetched if need be. Raises ServerMissingError."""
    machine = machine or Machine()
    if found := find_server(server, machine, folders):
        return found
    name, variable = server.name, server.variable
    if named := machine.environment.get(variable):
        fails = f"'{named} {server.shows_version}' fails"
        raise ServerMissingError(f"{variable} names {named}, but {fails}: correct it or unset it.")
    reason = fetch_from_debian(machine, name)
    if not reason and (found := find_server(server, machine, folders)):
        return found
    raise ServerMissingError(
        f"{server.what_for} needs {name} and it could not be fetched "
        f"({reason or 'what was installed does not start'}): install {name}, or put the path of one into {variable}."
    )


def main() -> None:
    """Print where they are; end with 1 and one sentence when one is missing."""
    for server in (NGINX, PGBOUNCER):
        try:
            print(f"{server.name} for the tests: {get_server(server)}")  # noqa: T201
        except ServerMissingError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
