"""Finds the nginx that the test of docs/public-page.md runs, and fetches one when the machine has none.

`python -m tests.setup_nginx` prints where it is. Looked for in this order: $NGINX, on the search path, where systems
keep the programs of administrators. Fetched from Debian's packages when root runs this.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.setup_browser import Machine, ended_well, fetch_from_debian

_ELSEWHERE = (Path("/usr/sbin/nginx"), Path("/usr/local/sbin/nginx"), Path("/opt/homebrew/bin/nginx"))
_VERSION_SECONDS = 30


class NginxMissingError(Exception):
    """No nginx could be found or fetched. The text is one sentence that says what to do."""


def find_nginx(machine: Machine | None = None, elsewhere: Sequence[Path] = _ELSEWHERE) -> Path | None:
    """An nginx that starts, or None. Fetches nothing."""
    machine = machine or Machine()
    named, on_path = machine.environment.get("NGINX"), machine.which("nginx")
    candidates = [Path(named)] if named else [*([on_path] if on_path else []), *filter(Path.exists, elsewhere)]
    return next((path for path in candidates if ended_well([path, "-v"], machine, _VERSION_SECONDS)[0]), None)


def get_nginx(machine: Machine | None = None, elsewhere: Sequence[Path] = _ELSEWHERE) -> Path:
    """An nginx that starts, fetched if need be. Raises NginxMissingError."""
    machine = machine or Machine()
    if found := find_nginx(machine, elsewhere):
        return found
    if named := machine.environment.get("NGINX"):
        raise NginxMissingError(f"NGINX names {named}, but '{named} -v' fails: correct it or unset it.")
    reason = fetch_from_debian(machine, "nginx")
    if not reason and (found := find_nginx(machine, elsewhere)):
        return found
    raise NginxMissingError(
        "The test of the documented web server needs nginx and it could not be fetched "
        f"({reason or 'what was installed does not start'}): install nginx, or put the path of one into NGINX."
    )


def main() -> None:
    """Print where nginx is; end with 1 and one sentence when there is none."""
    try:
        print(f"nginx for the tests: {get_nginx()}")  # noqa: T201
    except NginxMissingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
