"""Copies of the project's tree, each with a pytest that serves it: a mutant is never written into the tree itself."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.places import find_place

ROOT = Path(__file__).parents[2]
COLLECTED = (
    *(f"tests/unit/{room}" for room in ("bot", "desk", "handlers", "storage")),
    "tests/contract",
    "tests/scenario",
)
"""Where tests may see a mutant: not those that drive a browser or are about the sandbox, documents or tools."""


class Tree:
    """A copy of the tree, in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-", dir=find_place()))
        self.root = self.folder / "tree"
        self._times = itertools.count(int(time.time()))
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)

    @contextmanager
    def changed(self, path: str, text: bytes) -> Iterator[None]:
        """Another text in place of a file's, within the block."""
        file = self.root / path
        original = file.read_bytes()
        self._write(file, text)
        try:
            yield
        finally:
            self._write(file, original)

    def _write(self, file: Path, text: bytes) -> None:
        # Python tells by second and size whether what it compiled still holds: no two texts have the same second.
        file.write_bytes(text)
        os.utime(file, times=(second := next(self._times), second))

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class ServerError(Exception):
    """The server could not do what it was asked for; the words are Python's or pytest's."""


class Server:
    """A pytest in a tree that has collected some files and runs chosen tests of them (see `serving`)."""

    def __init__(self, tree: Tree, collected: Iterable[str] = COLLECTED) -> None:
        scratch = tree.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        # How long a test may take is ours to say.
        options = ["-s", "-q", "-o", "faulthandler_timeout=0"]
        for plugin in ("no:cacheprovider", "no:xdist", "tests.mutation.serving"):
            options += ["-p", plugin]
        with (tree.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *options, *collected],
                cwd=tree.root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(tree.root), "PYTEST_DEBUG_TEMPROOT": str(scratch)},
            )
        try:
            hello = self._read()
        except ServerError:
            self.close()
            raise ServerError((tree.folder / "log").read_text()[-2000:]) from None
        self.tests: list[str] = hello["tests"]
        self.imported: dict[str, list[int]] = hello["imported"]
        """The lines that ran when everything was imported, by file."""

    def run(
        self,
        tests: Sequence[str],
        *,
        seconds: float,
        trace: bool = False,
        path: str = "",
        function: str = "",
        text: str = "",
    ) -> dict[str, Any]:
        """Run tests one after another until one fails (or all, if traced), with a function's code out of `text`."""
        job = {"tests": tests, "seconds": seconds, "trace": trace, "path": path, "function": function}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**job, "text": text}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "broken" in answer:
            raise ServerError(answer["broken"])
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ServerError("pytest ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it, and the job that it may be at."""
        self._process.terminate()
        self._process.communicate()
