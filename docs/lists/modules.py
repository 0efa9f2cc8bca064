"""The modules in which lists and tests look for what the code names."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "desk", "handlers", "storage")
"""Those of Keydesk itself."""


def parse_modules(pattern: str, packages: Collection[str] = PACKAGES) -> Iterator[tuple[str, ast.Module]]:
    """The modules in whose source something matches, by their paths: going through all of the others takes seconds,
    and what is looked for cannot be there."""
    wanted = re.compile(pattern)
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if wanted.search(source):
                yield str(path.relative_to(ROOT)), ast.parse(source)
