"""Which tests reach which lines, and what each costs: measured once for each test, and kept.

A line is known by its function and its place in it, so that what was measured outlives changes elsewhere.
"""

import ast
import hashlib
import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.mutation.operators import Mutant
from tests.mutation.tracing import PRODUCT


def fingerprint(content: bytes) -> str:
    """A few characters that change with it."""
    return hashlib.sha256(content).hexdigest()[:12]


@dataclass(frozen=True)
class Function:
    """A function of a module or class, with all that is in it."""

    path: str
    name: str
    first: int
    body: int
    last: int
    text: str

    @property
    def place(self) -> str:
        """What stays the same wherever in its file it stands."""
        return f"{self.path}::{self.name}"

    @cached_property
    def version(self) -> str:
        """Another one when its text changes."""
        return fingerprint(self.text.encode())

    @cached_property
    def words(self) -> frozenset[str]:
        """The names in its text."""
        return frozenset(re.findall(r"\w+", self.text))


class Functions:
    """The product's functions. A file is read when it is first asked for, and never again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._of: dict[str, Sequence[Function]] = {}

    def find(self, path: str, line: int) -> Function | None:
        """The one that a line belongs to."""
        return next((found for found in self._in(path) if found.first <= line <= found.last), None)

    def using(self, names: Iterable[str]) -> list[Function]:
        """Those in whose text one of these names stands."""
        files = [file for room in PRODUCT for file in sorted((self._root / room).rglob("*.py"))]
        everything = itertools.chain.from_iterable(self._in(str(file.relative_to(self._root))) for file in files)
        return [found for found in everything if not found.words.isdisjoint(names)]

    def _in(self, path: str) -> Sequence[Function]:
        if path not in self._of:
            file = self._root / path
            self._of[path] = list(_list_functions(path, file.read_text())) if file.exists() else ()
        return self._of[path]


def _list_functions(path: str, text: str) -> Iterator[Function]:
    lines = text.splitlines(keepends=True)

    def below(node: ast.Module | ast.ClassDef, scope: tuple[str, ...]) -> Iterator[Function]:
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                yield from below(child, (*scope, child.name))
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                last = child.end_lineno or child.lineno
                name = ".".join((*scope, child.name))
                yield Function(path, name, first, child.body[0].lineno, last, "".join(lines[first - 1 : last]))

    yield from below(ast.parse(text), ())


@dataclass(frozen=True, slots=True)
class Measured:
    """A test: what it takes of a processor, and the lines of each version of a function that it reached."""

    test: str
    seconds: float
    reached: Mapping[str, Mapping[str, Sequence[int]]]
    """Place → version → lines, counted from the function's first."""
    breadth: int
    """How many lines that is."""


class Reach:
    """What is known, kept in a folder: one file for each file of tests."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.functions = Functions(root)
        self._folder = folder
        self._measured: dict[str, Measured] = {}

    def load(self, tests: Mapping[str, Collection[str]]) -> list[str]:
        """Read what is known of tests, given by file; gives the files in which some were never measured."""
        unknown = []
        for test_file, wanted in tests.items():
            kept = self._kept(test_file)
            known = json.loads(kept.read_text()) if kept.exists() else {}
            if known.keys() >= set(wanted):
                self._add(known)
            else:
                unknown.append(test_file)
        return unknown

    def keep(self, test_file: str, answer: Mapping[str, Any]) -> list[str]:
        """Keep what a traced run of a file's tests answered; gives the tests that failed, which can tell nothing."""
        by_processes = self._by_function(answer["by_processes"])
        tests: dict[str, Any] = {}
        for test, seen in answer["tests"].items():
            reached = self._by_function(seen["reached"])
            for place, versions in by_processes.items():
                for version, lines in versions.items():
                    mine = reached.setdefault(place, {}).setdefault(version, [])
                    mine[:] = sorted({*mine, *lines})
            tests[test] = None if seen["failed"] else {"seconds": round(seen["seconds"], 3), "reached": reached}
        self._folder.mkdir(parents=True, exist_ok=True)
        self._kept(test_file).write_text(json.dumps(tests))
        self._add(tests)
        return [test for test, seen in answer["tests"].items() if seen["failed"]]

    def _kept(self, test_file: str) -> Path:
        return self._folder / f"{test_file.replace('/', '-')}.json"

    def _add(self, tests: Mapping[str, Any]) -> None:
        for test, known in tests.items():
            if known is not None:
                breadth = sum(len(lines) for versions in known["reached"].values() for lines in versions.values())
                self._measured[test] = Measured(test, known["seconds"], known["reached"], breadth)

    def _by_function(self, lines: Mapping[str, Sequence[int]]) -> dict[str, dict[str, list[int]]]:
        found: dict[str, dict[str, list[int]]] = {}
        for path, numbers in lines.items():
            for number in numbers:
                function = self.functions.find(path, number)
                if function is not None and number >= function.body:
                    versions = found.setdefault(function.place, {})
                    versions.setdefault(function.version, []).append(number - function.first)
        return found

    def seeing(self, mutant: Mutant) -> tuple[list[Measured], bool]:
        """The tests that may see a mutant, those of its room and then the most specific first, and whether its very
        line is reached.

        Where no test reaches the line, those are meant that reach its function; where it is outside of functions,
        those that reach a function in which its name stands.
        """
        function = self.functions.find(mutant.path, mutant.lines[0]) if mutant.function else None
        if function is None:
            places = {found.place for found in self.functions.using(mutant.statement.split())}
            using = (known for known in self._measured.values() if places & known.reached.keys())
            return _sorted(using, mutant.path), True
        wanted = range(mutant.lines[0] - function.first, mutant.lines[1] - function.first + 1)
        around = [known for known in self._measured.values() if function.place in known.reached]
        at = [known for known in around if _reaches(known.reached[function.place], function.version, wanted)]
        return _sorted(at or around, mutant.path), bool(at)


def _sorted(tests: Iterable[Measured], path: str) -> list[Measured]:
    room = f"tests/unit/{Path(path).parent}/"
    return sorted(tests, key=lambda known: (not known.test.startswith(room), known.breadth, known.test))


def _reaches(versions: Mapping[str, Sequence[int]], version: str, wanted: range) -> bool:
    """A version that was not measured may be reached anywhere."""
    return version not in versions or any(line in wanted for line in versions[version])
