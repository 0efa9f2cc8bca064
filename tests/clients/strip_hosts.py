"""Takes out of npm's lock files whom to pay and where packages were fetched from: `make lock` runs it on each.

A lock file says what is installed, by hashes, and holds on any machine whatever registry that uses.
"""

import json
import sys
from pathlib import Path


def strip_hosts(lock: Path) -> None:
    """Rewrite the lock file without addresses."""
    document = json.loads(lock.read_text(encoding="utf-8"))
    for package in document["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    lock.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        strip_hosts(Path(name))
