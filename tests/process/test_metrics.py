"""Metrics at an address of their own, and what is built on them."""

import http.client
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from prometheus_client.parser import text_string_to_metric_families

from sandbox.player import Control
from sandbox.server import SandboxServer
from tests.process.conftest import Start
from tests.process.running import KeydeskProcess
from tests.waiting import wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES, DASHBOARD = DEPLOY / "prometheus" / "alerts.yml", DEPLOY / "grafana" / "keydesk.json"
MIA = "U0MIA00001"
_NAME, _SUFFIX = re.compile(r"\bkeydesk_\w+"), re.compile(r"_(total|bucket|count|sum)$")


def ask(keydesk: KeydeskProcess, path: str) -> tuple[int, str]:
    """One request to the management address."""
    where = urlsplit(str(keydesk.wait_for("management")["address"]))
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def read(keydesk: KeydeskProcess) -> dict[tuple[str, ...], float]:
    """All samples: by name and values of their labels."""
    status, text = ask(keydesk, "/metrics")
    assert status == 200, text
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_metrics_and_readiness_have_an_address_of_their_own(start: Start, slack: SandboxServer) -> None:
    """What people and programs do shows there, by names of a closed vocabulary; the public address tells only that
    it is alive. Rules and dashboard speak of series that there are."""
    keydesk = start(KEYDESK_MANAGEMENT_PORT="0")
    wait_until(lambda: ask(keydesk, "/readyz")[0] == 200, 60)
    assert ask(keydesk, "/healthz") == (200, '{"status":"alive"}')
    assert keydesk.ask("GET", "/healthz")[0] == 200
    assert [keydesk.ask("GET", path)[0] for path in ("/readyz", "/metrics")] == [404, 404]
    mia = Control(slack.url).person(MIA)
    wait_until(lambda: mia.type_command("/keys help") is not None, 30)
    keydesk.ask("GET", "/v1/pages", Authorization="OAuth kd_nobody")
    keydesk.ask("GET", "/v1/nothing/of/ours")
    keydesk.ask("GET", "/favicon.ico")
    seen = wait_until(lambda: _if_all(read(keydesk)), 30)
    assert seen is not None
    assert seen["keydesk_slack_request_seconds_count", "command", "/keys"] >= 1
    assert seen["keydesk_http_answers_total", "/v1/pages", "401"] == 1
    assert seen["keydesk_key_checks_total", "no_key"] == 1
    assert seen["keydesk_outbox_dead", "slack"] == 0
    assert 0 <= seen["keydesk_mirror_age_seconds", "keys"] < 30
    spoken_of = {_SUFFIX.sub("", name) for file in (RULES, DASHBOARD) for name in _NAME.findall(file.read_text())}
    families = {family.name for family in text_string_to_metric_families(ask(keydesk, "/metrics")[1])}
    assert spoken_of - families == set()


def _if_all(seen: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float] | None:
    wanted = (
        ("keydesk_audit_events_total", "owners.appointed"),
        ("keydesk_key_checks_total", "unknown"),
    )
    return seen if all(one in seen for one in wanted) else None


def test_the_rules_are_rules() -> None:
    """By Prometheus' own tool where it is installed; else they are read, and each says what to do."""
    tool = shutil.which("promtool")
    if tool is not None:
        checked = subprocess.run([tool, "check", "rules", RULES], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]:
        assert rule["alert"].startswith("Keydesk")
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_is_one() -> None:
    """Each panel asks something, and none lies on another one."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    taken = {
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    }
    assert len(taken) == sum(at["w"] * at["h"] for at in places)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
