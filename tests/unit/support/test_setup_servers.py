"""Finding or fetching the nginx of the tests, on machines made of small shell scripts."""

import os
from pathlib import Path

import pytest

from tests.setup_browser import Machine
from tests.setup_servers import NGINX, ServerMissingError, find_server, get_server
from tests.unit.support.test_setup_browser import write_program

STARTS = 'echo "nginx version: nginx/1.0" >&2'


def machine(programs: Path, *, is_root: bool = False, **environment: str) -> Machine:
    """A machine with these programs and nothing else."""
    programs.mkdir(exist_ok=True)
    return Machine(environment={"PATH": str(programs), **environment}, playwright=("false",), is_root=is_root)


def test_one_that_is_there_is_taken(tmp_path: Path) -> None:
    """The one that is named, then the search path, then administrators' places; none that does not start."""
    path = write_program(tmp_path / "bin" / "nginx", STARTS)
    other = write_program(tmp_path / "sbin" / "nginx", STARTS)
    broken = write_program(tmp_path / "broken" / "nginx", "exit 1")
    folders = [tmp_path / "nothing", broken.parent, other.parent]
    assert find_server(NGINX, machine(tmp_path / "bin"), folders) == path
    assert find_server(NGINX, machine(tmp_path / "bin", NGINX=str(other)), []) == other
    assert find_server(NGINX, machine(tmp_path / "empty"), folders) == other
    assert find_server(NGINX, machine(tmp_path / "bin", NGINX=str(broken)), []) is None


def test_root_fetches_it_from_debian(tmp_path: Path) -> None:
    """Where there is none, apt-get is asked for the package."""
    programs = tmp_path / "bin"
    script = f"""
        PATH="$PATH:{os.defpath}"
        [ "$*" = "install -y --no-install-recommends nginx" ] || exit 0
        printf '#!/bin/sh\n{STARTS}\n' > {programs}/nginx && chmod +x {programs}/nginx
    """
    write_program(programs / "apt-get", script)
    assert get_server(NGINX, machine(programs, is_root=True), []) == programs / "nginx"


@pytest.mark.parametrize(
    ("environment", "words"),
    [({}, "only root may install Debian's package.*install nginx"), ({"NGINX": "/nowhere"}, "NGINX names /nowhere")],
)
def test_a_missing_one_is_an_error_that_says_what_to_do(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    """Never a silent skip."""
    write_program(tmp_path / "bin" / "apt-get", "exit 0")
    with pytest.raises(ServerMissingError, match=words):
        get_server(NGINX, machine(tmp_path / "bin", is_root=False, **environment), [])
