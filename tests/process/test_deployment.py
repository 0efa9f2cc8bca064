"""The files for containers, Kubernetes and systemd: they say what Keydesk understands, and it runs as they say."""

import configparser
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.settings import GivenSettings, Settings
from bot.settings.loading import variable_of
from tests.databases import copy_sqlite
from tests.process.conftest import Start

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "container" / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "container" / "compose.yml").read_text())
UNIT = (DEPLOY / "systemd" / "keydesk.service").read_text()
_SETTINGS = {variable_of(name) for name in Settings.model_fields}
_NAME = re.compile(r"\b(?:KEYDESK|SLACK)_[A-Z_]+\b")


def manifests() -> Iterator[Any]:
    """Each object for Kubernetes."""
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    assert sorted(listed) == [file.name for file in files if file.name != "kustomization.yaml"]
    for file in files:
        yield yaml.safe_load(file.read_text())


def pod() -> Any:
    """What a pod is made of."""
    [deployment] = [one for one in manifests() if one["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]


@pytest.mark.parametrize("file", sorted(file for file in DEPLOY.rglob("*") if file.is_file()), ids=lambda it: it.name)
def test_settings_are_called_as_they_are(file: Path) -> None:
    """No variable is named that Keydesk does not read."""
    named = {name.removesuffix("_FILE") for name in _NAME.findall(file.read_text())}
    assert named - _SETTINGS == set()


def test_the_image_has_all_that_is_built() -> None:
    """What the packages are made of is not left out, and nothing else is taken along."""
    taken = {line[1:] for line in (ROOT / ".containerignore").read_text().split() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in taken)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "docs"}
    assert packages <= taken
    assert {"pyproject.toml", "requirements.lock"} <= taken
    assert not taken & {".env", "tests", ".git"}


def test_a_stop_has_time() -> None:
    """Whoever stops it waits for longer than it takes."""
    shutdown = GivenSettings().shutdown_seconds
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT)
    waits = (
        pod()["terminationGracePeriodSeconds"],
        int(COMPOSE["services"]["keydesk"]["stop_grace_period"].removesuffix("s")),
        unit.getint("Service", "TimeoutStopSec"),
    )
    assert min(waits) > shutdown
    assert unit.get("Service", "ExecStart").split()[1:] == ["run"]


def test_what_kubernetes_selects_is_there() -> None:
    """Service and disruption budget mean the pods of the deployment; kubectl makes sense of it where there is one."""
    [deployment] = [one for one in manifests() if one["kind"] == "Deployment"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for one in manifests():
        if one["kind"] == "Service":
            assert one["spec"]["selector"].items() <= labels.items()
        if one["kind"] == "PodDisruptionBudget":
            assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
    kubectl = shutil.which("kubectl")
    if kubectl is not None:
        command = [kubectl, "kustomize", str(DEPLOY / "kubernetes")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_it_runs_as_the_image_starts_it(start_on: Start, sqlite_template: Path, tmp_path: Path) -> None:
    """With the image's variables: Kubernetes' probes are answered, and nothing is written but into its folder."""
    said = dict(re.findall(r"^\s*(?:ENV )?(KEYDESK_\w+)=(\S+)", CONTAINERFILE, re.MULTILINE))
    assert said["KEYDESK_DATA_FOLDER"] == "/data"
    assert re.search(r'^ENTRYPOINT \["keydesk"\]\nCMD \["run"\]$', CONTAINERFILE, re.MULTILINE)
    data = tmp_path / "data"
    data.mkdir()
    copy_sqlite(sqlite_template, data)
    ours = {"KEYDESK_DATA_FOLDER": str(data), "KEYDESK_MANAGEMENT_PORT": "0", "KEYDESK_HOST": "127.0.0.1"}
    before = set(tmp_path.iterdir())
    keydesk = start_on("sqlite:///keydesk.db", **{**said, "KEYDESK_MANAGEMENT_HOST": "127.0.0.1", **ours})
    keydesk.wait_for("slack_socket_open")
    keydesk.wait_for("directory_read")
    [container] = pod()["containers"]
    management = keydesk.wait_for("management")["address"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert httpx.get(f"{management}{container[probe]['httpGet']['path']}").status_code == 200
    assert keydesk.stop() == 0
    assert set(tmp_path.iterdir()) == before
    assert stat.S_IMODE((data / "keydesk.db").stat().st_mode) == 0o600
    assert {path.name for path in data.iterdir()} <= {"keydesk.db", "keydesk.db-wal", "keydesk.db-shm"}
