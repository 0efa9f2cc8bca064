"""Keydesk as `pipx` and `uvx` install it: from a wheel, with nothing of the checkout near."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.assembly import PORT, SANDBOX_PORT

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "desk", "storage", "sandbox")
DEAD_PROXY = "http://127.0.0.1:9"


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """What a command prints. It must end well, and finds nothing of ours by its surroundings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KEYDESK_", "SLACK_", "PYTHON", "PIP_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the source: building leaves things behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-index")
    run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", "built", ".", folder=folder)
    (built,) = (folder / "built").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python")
    run(*pip, "install", "--no-index", "--no-deps", "--no-compile", wheel, folder=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # What Keydesk needs is taken from where the tests run; the path alone does not bring our own packages along.
    (packages / "what_keydesk_needs.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder / "bin"


@contextlib.contextmanager
def taken(port: int) -> Iterator[None]:
    """Within the block somebody listens there: we, unless another program does."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_everything_of_the_source_is_in_the_wheel(wheel: Path) -> None:
    """Templates, styles, scripts, migrations, seeds and the manifest, not modules alone."""
    source = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert source - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_demo_plays_its_tour(installed: Path, tmp_path: Path) -> None:
    """From a folder of somebody's own, with its ports taken and a proxy in the environment that is of no use."""
    where = run(
        installed / "python", "-c", "import bot, sandbox; print(bot.__file__, sandbox.__file__)", folder=tmp_path
    )
    assert where.count(str(installed.parent)) == 2
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), DEAD_PROXY)
    with taken(SANDBOX_PORT), taken(PORT):
        said = run(
            installed / "keydesk",
            "demo",
            "--tour",
            "--no-browser",
            folder=tmp_path,
            NO_PROXY="example.com",
            **proxies,
        )
    assert f"Port {SANDBOX_PORT} is taken" in said
    assert f"Port {PORT} is taken" in said
    assert said.endswith("Every step was seen to work.\n")
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_is_written(installed: Path, tmp_path: Path) -> None:
    """The same as in the source."""
    assert run(installed / "keydesk", "manifest", folder=tmp_path) == (ROOT / "manifest.yml").read_text(
        encoding="utf-8"
    )
