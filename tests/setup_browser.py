"""Finds the Chromium that the browser tests drive, and fetches one when the machine has none.

`python tests/setup_browser.py` prints where it is. Looked for in this order: $CHROMIUM, a browser on the search
path, one that Playwright fetched. Fetched in this order: by Playwright, from Debian's packages when root runs this.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# The first is Chromium without what draws its windows, and takes two thirds of the time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
_APPLICATIONS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
_VERSION_SECONDS = 30


class BrowserMissingError(Exception):
    """No Chromium could be found or fetched. The text is one sentence that says what to do."""


@dataclass(frozen=True)
class Machine:
    """What the search relies on, so that tests can describe another machine."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    playwright: Sequence[str] = (sys.executable, "-m", "playwright")
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    applications: Sequence[Path] = _APPLICATIONS
    playwright_seconds: float = 180
    debian_seconds: float = 600

    def which(self, name: str) -> Path | None:
        """A program on the search path."""
        found = shutil.which(name, path=self.environment.get("PATH", os.defpath))
        return Path(found) if found else None


def ended_well(command: Sequence[str | Path], machine: Machine, seconds: float) -> tuple[bool, str]:
    """Whether a command ended with 0 in time, and what it printed. Nothing it started is left running."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**machine.environment, "DEBIAN_FRONTEND": "noninteractive"},
            start_new_session=True,
        )
    except OSError as error:
        return False, str(error)
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False, f"no answer within {seconds:g} seconds"
    return process.returncode == 0, output


def _works(browser: Path, machine: Machine) -> bool:
    # Ubuntu's chromium-browser may be a stub that asks for a snap, and Playwright's build may lack system libraries.
    return ended_well([browser, "--version"], machine, _VERSION_SECONDS)[0]


def _playwrights_own(machine: Machine) -> Path | None:
    """The browser that Playwright fetched, where it says it would be."""
    ok, output = ended_well([*machine.playwright, "install", "--dry-run", "chromium"], machine, _VERSION_SECONDS)
    if not ok:
        return None
    for line in output.splitlines():
        label, _, folder = line.partition(":")
        if label.strip().lower() == "install location":
            for name in ("chrome", "Chromium", "Google Chrome for Testing"):
                for found in sorted(Path(folder.strip()).rglob(name)):
                    if found.is_file() and os.access(found, os.X_OK):
                        return found
    return None


def find_browser(machine: Machine | None = None) -> Path | None:
    """A Chromium that starts, or None. Fetches nothing."""
    machine = machine or Machine()
    if named := machine.environment.get("CHROMIUM"):
        return Path(named) if _works(Path(named), machine) else None
    on_path = [path for name in NAMES if (path := machine.which(name))]
    for candidate in [*on_path, *(path for path in machine.applications if path.exists())]:
        if _works(candidate, machine):
            return candidate
    own = _playwrights_own(machine)
    return own if own and _works(own, machine) else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it gave no reason"


def _fetch_by_playwright(machine: Machine) -> str:
    _say("No Chromium on this machine: asking Playwright for one.")
    ok, output = ended_well([*machine.playwright, "install", "chromium"], machine, machine.playwright_seconds)
    return "" if ok else _reason(output)


def fetch_from_debian(machine: Machine, package: str) -> str:
    """Install a package; gives why it could not be done, or nothing."""
    apt = machine.which("apt-get")
    if apt is None:
        return "this machine has no apt-get"
    if not machine.is_root:
        return "only root may install Debian's package"
    _say(f"Installing {package} from Debian's packages.")
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
        ok, output = ended_well([apt, *arguments], machine, machine.debian_seconds)
        if not ok:
            return _reason(output)
    return ""


def get_browser(machine: Machine | None = None) -> Path:
    """A Chromium that starts, fetched if need be. Raises BrowserMissingError."""
    machine = machine or Machine()
    if found := find_browser(machine):
        return found
    if named := machine.environment.get("CHROMIUM"):
        raise BrowserMissingError(f"CHROMIUM names {named}, but '{named} --version' fails: correct it or unset it.")
    reasons = []
    for name in ("Playwright", "Debian's packages"):
        reason = _fetch_by_playwright(machine) if name == "Playwright" else fetch_from_debian(machine, "chromium")
        if not reason and (found := find_browser(machine)):
            return found
        reasons.append(f"{name}: {reason or 'the browser it installed does not start'}")
    raise BrowserMissingError(
        "The browser tests need Chromium and it could not be fetched "
        f"({'; '.join(reasons)}): install Chromium, or put the path of one into CHROMIUM."
    )


def main() -> None:
    """Print where the browser is; end with 1 and one sentence when there is none."""
    try:
        print(f"Browser for the tests: {get_browser()}")  # noqa: T201
    except BrowserMissingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
