"""Calls that a fuzzer makes out of our own descriptions: each is answered, as the description says, and none breaks.

    .venv/clients/schemathesis/bin/st run http://127.0.0.1:3000/v1/openapi.json -H "Authorization: OAuth $KEY"

looks for longer.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from desk.transaction import Desk
from tests.clients.running import CLIENTS
from tests.contract.gateway_stage import EVERYTHING, mint
from tests.public_story import write_story
from tests.serving import Served, serving

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
_SECONDS = 240


@pytest.fixture
async def served(desk: Desk) -> AsyncIterator[Served]:
    """Both APIs, with something of every kind."""
    write_story(desk)
    async with serving(desk) as served:
        yield served


@pytest.mark.parametrize("prefix", ["v1", "keydesk/v1"])
async def test_no_call_breaks_anything(desk: Desk, served: Served, prefix: str, tmp_path: Path) -> None:
    """What may be sent by the description, and what may not, meets an answer that the description has."""
    secret = mint(desk, EVERYTHING)
    command: list[str | Path] = [
        *(CLIENTS / "schemathesis" / "bin" / "st", "run", f"{served.url}/{prefix}/openapi.json"),
        *("--header", f"Authorization: OAuth {secret}", "--checks", _CHECKS, "--phases", "fuzzing"),
        *("--max-examples", "2", "--generation-deterministic", "--continue-on-failure", "--no-color"),
    ]
    done = await asyncio.to_thread(run, command, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " generated, " in done.stdout


def run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """The fuzzer, to its end."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
