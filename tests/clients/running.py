"""Runs a script that calls our server by a client of others, in that client's environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CLIENTS = Path(sys.prefix, "clients")
"""The environments of clients whose pins are not ours: `make test` and `make setup` make them."""
SCRIPTS = Path(__file__).parent
_SECONDS = 120


def run_client(client: str, script: str, *arguments: str, folder: Path) -> dict[str, Any]:
    """What `tests/clients/<client>/<script>` prints as JSON, given these arguments. It works in `folder`."""
    environment = CLIENTS / client
    program = environment / "bin" / ("node" if script.endswith("js") else "python")
    assert program.exists(), f"{program} is missing: make setup makes it"
    done = subprocess.run(
        [program, SCRIPTS / client / script, *arguments],
        cwd=folder,
        # The packages of our own environment are none of the client's.
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NODE_PATH": str(environment / "node_modules")},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
