"""The tests that a change touches, nearest first: what `make check` runs.

`python -m tests.touched [base]` prints their files. The change is what differs from where the branch left `base`, and
what git does not know yet.
"""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path, PurePosixPath

import grimp

ROOT = Path(__file__).parents[1]
MOST = 8
"""So many files of tests take less than a minute; `make test` runs them all."""
_DOCUMENTS = {".md", ".yml", ".yaml", ".svg", ".toml", ".lock"}


def order_touched(
    changed: Iterable[str], tests: Collection[str], importers: Callable[[str], Collection[str]]
) -> Sequence[str]:
    """Of all files of tests those that a change touches: itself changed, the mirror of what is, its folder's mirror
    for a package, the tests that import what changed (fewest steps first), and those of documents.

    `importers` gives the files of tests that import a file directly. Paths are relative to the root, with slashes.
    """
    paths = sorted(map(PurePosixPath, changed))
    code = [path for path in paths if path.suffix == ".py"]
    near = [str(path) for path in code]
    near += [str(PurePosixPath("tests/unit", path.parent, f"test_{path.name}")) for path in code]
    near += sorted(test for path in code for test in importers(str(path)) if test.startswith("tests/unit/"))
    near += sorted(test for path in code for test in importers(str(path)))
    if any(path.suffix in _DOCUMENTS for path in paths):
        near += sorted(test for test in tests if test.startswith("tests/docs/"))
    return [test for test in dict.fromkeys(near) if test in tests]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}. Name another base: make check BASE=…")
    return done.stdout.splitlines()


def list_changed(base: str) -> list[str]:
    """Files that differ from where this branch left `base`, and files that git does not know yet."""
    (left,) = _git("merge-base", "HEAD", base)
    return [*_git("diff", "--name-only", left), *_git("ls-files", "--others", "--exclude-standard")]


def _importers() -> Callable[[str], Collection[str]]:
    graph = grimp.build_graph("bot", "handlers", "desk", "storage", "sandbox", "tests", cache_dir=None)

    def found(path: str) -> list[str]:
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        importers = graph.find_modules_that_directly_import(module) if module in graph.modules else set()
        return [f"{importer.replace('.', '/')}.py" for importer in importers if importer.startswith("tests.")]

    return found


def main() -> None:
    """Print the files, and on the other stream how many are left to `make test`."""
    base = sys.argv[1] if len(sys.argv) > 1 else "main"
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    touched = order_touched(list_changed(base), tests, _importers())
    if len(touched) > MOST:
        rest = len(touched) - MOST
        print(f"The nearest {MOST} files of tests; `make test` runs {rest} more that this touches.", file=sys.stderr)  # noqa: T201
    print("\n".join(touched[:MOST]))  # noqa: T201


if __name__ == "__main__":
    main()
