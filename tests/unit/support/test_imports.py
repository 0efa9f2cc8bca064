"""The direction of imports, as `make lint` holds it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_imports_point_one_way() -> None:
    """No room of the house imports what it must not know (the contracts are in pyproject.toml)."""
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    result = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout
