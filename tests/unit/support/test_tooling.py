"""The files that set a machine up: lock files, Makefile and the script that continuous integration runs."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
CLIENT_LOCKS = sorted(str(lock.relative_to(ROOT)) for lock in ROOT.glob("tests/clients/*/requirements.lock"))
LOCKS = ("requirements.lock", "requirements-dev.lock", *CLIENT_LOCKS)
_PIN = re.compile(r"^([a-z0-9.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        found: dict[str, Any] = tomllib.load(stream)["project"]
    return found


def pins(lock: str) -> dict[str, str]:
    """Package → version, as a lock file pins it."""
    return {name: version for name, version, _ in _PIN.findall((ROOT / lock).read_text())}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    """No line of a lock file names a package without a version and a hash."""
    named = re.findall(r"^([a-zA-Z0-9][\w.\[\]-]*)", (ROOT / lock).read_text(), re.MULTILINE)
    assert sorted(named) == sorted(pins(lock))
    assert named


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_name_no_host_and_no_path(lock: str) -> None:
    """They hold on any machine, whatever index it uses."""
    text = (ROOT / lock).read_text()
    assert re.findall(r"https?:|file:/|--index|--find-links|--trusted-host|(?<!\w)/\w+", text) == []
    assert "#    make lock\n" in text


def test_locks_of_npm_name_no_host() -> None:
    """Packages are known by their hashes, wherever they are fetched from."""
    locks = list(ROOT.glob("tests/clients/*/package-lock.json"))
    assert locks
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        assert all("integrity" in package for path, package in packages.items() if path)
        assert "http" not in lock.read_text()


@pytest.mark.parametrize(("lock", "extra"), [("requirements.lock", None), ("requirements-dev.lock", "dev")])
def test_lock_files_hold_what_pyproject_asks_for(lock: str, extra: str | None) -> None:
    """A dependency that was added or raised without `make lock` is found here."""
    wanted = project()["dependencies"] + (project()["optional-dependencies"][extra] if extra else [])
    pinned = pins(lock)
    for line in wanted:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


def test_development_runs_on_what_production_runs_on() -> None:
    """Both lock files pin the same versions."""
    production, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: development.get(name) for name in production} == production


def test_make_help_lists_every_target() -> None:
    """Each target that is meant to be typed says in a few words what it does."""
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == phony[1].split()
    assert all(len(line.split()) > 4 for line in shown.splitlines())


def test_continuous_integration_runs_what_people_run() -> None:
    """`.ci/run` is `make test` and nothing else."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test </dev/null"]


def fake_python(folder: Path, name: str, script: str) -> None:
    """A program that behaves as some Python would."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 1", "Keydesk needs Python 3.11 or later, and none was found"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "python3 cannot make virtual environments"),
    ],
    ids=["too old", "without venv"],
)
def test_a_machine_without_a_fitting_python_is_told_in_a_sentence(tmp_path: Path, script: str, sentence: str) -> None:
    """One line says what is missing, and nothing is left behind."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"):
        fake_python(programs, name, script)
    venv = tmp_path / "venv"
    result = subprocess.run(
        ["make", "--silent", "setup", f"VENV={venv}"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert result.stderr.splitlines()[0].startswith(sentence)
    assert not venv.exists()
