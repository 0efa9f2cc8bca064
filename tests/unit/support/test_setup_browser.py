"""Finding or fetching the browser of the tests, on machines made of small shell scripts."""

import os
import stat
from pathlib import Path

import pytest

from tests.setup_browser import BrowserMissingError, Machine, find_browser, get_browser

BROWSER = 'echo "Chromium 1.0"'
BROKEN = 'echo "needs a snap" >&2; exit 1'


def write_program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The folder of the pretended machine's own programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def machine(programs: Path, *, playwright: str = "exit 1", is_root: bool = False, **changes: object) -> Machine:
    """A machine with these programs, a Playwright that runs this script, and nothing else."""
    command = write_program(programs.parent / "playwright", f'PATH="$PATH:{os.defpath}"\n{playwright}')
    settings: dict[str, object] = {
        "environment": {"PATH": str(programs)},
        "playwright": (str(command),),
        "is_root": is_root,
        "applications": (),
        **changes,
    }
    return Machine(**settings)  # type: ignore[arg-type]


def playwright_that_installs(folder: Path, script: str = BROWSER) -> str:
    """A script that answers as Playwright does and puts a browser into its folder."""
    return f"""
        if [ "$2" = --dry-run ]; then printf 'Chrome\\n  Install location:    {folder}\\n'; exit 0; fi
        mkdir -p {folder}/chrome-linux && printf '#!/bin/sh\\n{script}\\n' > {folder}/chrome-linux/chrome
        chmod +x {folder}/chrome-linux/chrome
    """


def debian_that_installs(programs: Path) -> str:
    """A script that answers as apt-get does; installing works only after an update."""
    chromium = programs / "chromium"
    return f"""
        PATH="$PATH:{os.defpath}"
        if [ "$1" = update ]; then touch {programs}/updated; exit 0; fi
        [ -e {programs}/updated ] || exit 100
        printf '#!/bin/sh\\n{BROWSER}\\n' > {chromium} && chmod +x {chromium}
    """


def test_a_browser_on_the_search_path_is_used(programs: Path) -> None:
    """What the machine has is taken, and nothing is fetched."""
    chrome = write_program(programs / "google-chrome", BROWSER)
    assert get_browser(machine(programs)) == chrome


def test_a_browser_that_does_not_start_is_passed_over(programs: Path) -> None:
    """A stub that only asks for something else is not a browser."""
    write_program(programs / "chromium", BROKEN)
    chrome = write_program(programs / "google-chrome", BROWSER)
    assert find_browser(machine(programs)) == chrome


def test_a_named_browser_comes_first(programs: Path, tmp_path: Path) -> None:
    """CHROMIUM decides, whatever else there is."""
    write_program(programs / "chromium", BROWSER)
    named = write_program(tmp_path / "elsewhere" / "browser", BROWSER)
    pretended = machine(programs, environment={"PATH": str(programs), "CHROMIUM": str(named)})
    assert get_browser(pretended) == named


def test_a_named_browser_that_fails_is_said_so(programs: Path) -> None:
    """A wrong CHROMIUM is not replaced silently by another browser."""
    write_program(programs / "chromium", BROWSER)
    pretended = machine(programs, environment={"PATH": str(programs), "CHROMIUM": "/nowhere/chrome"})
    with pytest.raises(BrowserMissingError, match="CHROMIUM names /nowhere/chrome"):
        get_browser(pretended)


def test_playwright_fetches_one_when_there_is_none(programs: Path, tmp_path: Path) -> None:
    """Playwright is asked first, and its browser is found again later without fetching."""
    pretended = machine(programs, playwright=playwright_that_installs(tmp_path / "fetched"))
    assert find_browser(pretended) is None
    fetched = get_browser(pretended)
    assert fetched.is_relative_to(tmp_path / "fetched")
    assert find_browser(pretended) == fetched


def test_debian_is_asked_when_playwright_fails(programs: Path) -> None:
    """Root on Debian gets the package, after the list of packages was brought up to date."""
    write_program(programs / "apt-get", debian_that_installs(programs))
    assert get_browser(machine(programs, is_root=True)) == programs / "chromium"


def test_debian_is_asked_when_playwrights_browser_does_not_start(programs: Path, tmp_path: Path) -> None:
    """A browser without its system libraries counts as none."""
    write_program(programs / "apt-get", debian_that_installs(programs))
    playwright = playwright_that_installs(tmp_path / "fetched", "exit 127")
    assert get_browser(machine(programs, playwright=playwright, is_root=True)) == programs / "chromium"


def test_a_download_that_hangs_is_given_up(programs: Path) -> None:
    """Playwright's time is bounded, and what it started is ended."""
    write_program(programs / "apt-get", debian_that_installs(programs))
    hanging = machine(
        programs, playwright='[ "$2" = --dry-run ] || { sleep 600 & wait; }', is_root=True, playwright_seconds=0.2
    )
    assert get_browser(hanging) == programs / "chromium"


def test_without_any_way_one_sentence_says_what_to_do(programs: Path) -> None:
    """All reasons and the way out are in one sentence, without a traceback."""
    write_program(programs / "apt-get", debian_that_installs(programs))
    with pytest.raises(BrowserMissingError) as caught:
        get_browser(machine(programs, playwright="echo Failed to download; exit 1"))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "Playwright: Failed to download; Debian's packages: only root may install" in sentence
    assert sentence.endswith("install Chromium, or put the path of one into CHROMIUM.")
