"""A pytest that collects everything once, and then runs chosen tests as often as it is asked to.

It is a plugin (`python -m pytest -s -p tests.mutation.serving …`): jobs come in as lines of JSON, answers go out so.
Each job has a forked process, in which the mutated function's code takes the place of the original's: that costs
neither a start of Python nor an import. Processes that tests start import the mutated file themselves.
"""

import gc
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import hypothesis
import pytest

from tests.databases import PostgresqlServer, create_postgresql_template, create_sqlite_template
from tests.mutation.tracing import NOTES, Tracer, read_notes

ROOT = Path.cwd()
SCRATCH = "PYTEST_DEBUG_TEMPROOT"
"""Names, as pytest has it, the folder below which tests make theirs."""
_INSIDE = Path(__file__).with_name("inside")

_jobs = os.fdopen(os.dup(0))
_answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)

# That a property fails is enough here; how small its counterexample could be takes long to find.
_PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
hypothesis.settings.register_profile("mutation", phases=_PHASES, database=None)
hypothesis.settings.load_profile("mutation")

_tracer = Tracer(ROOT)
_tracer.start()


def pytest_configure(config: pytest.Config) -> None:
    """Take the loop over the tests into our own hands."""
    config.pluginmanager.register(_Server(), "mutation-server")


class _Server:
    _made: dict[str, Any]
    """Fixture → what it gives."""
    _reports: list[pytest.TestReport]

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: Any) -> Any:
        """Servers and migrated databases that tests copy are made once, and not in each process again."""
        made = self._made.get(fixturedef.argname)
        if made is not None:
            fixturedef.cached_result = (made, fixturedef.cache_key(request), None)
        return made

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what became of a part of a test."""
        self._reports.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Say which tests there are, and which lines ran while they were imported; then serve."""
        if session.testsfailed:
            return None  # What cannot be collected ends pytest.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        sys.settrace(None)
        threading.settrace(None)
        self._made = {}
        self._items = {item.nodeid: item for item in session.items}
        print(json.dumps({"tests": list(self._items), "imported": _tracer.take()}), file=_answers)
        try:
            for line in _jobs:
                print(self._answer(json.loads(line)), file=_answers)
        finally:
            os._exit(0)  # Nothing was set up here that would have to be taken down.

    def _answer(self, job: Mapping[str, Any]) -> str:
        scratch = tempfile.mkdtemp(dir=os.environ[SCRATCH])
        postgresql = self._serve_postgresql() if any("postgresql" in test for test in job["tests"]) else None
        if "sqlite_template" not in self._made and any("sqlite" in test for test in job["tests"]):
            self._made["sqlite_template"] = create_sqlite_template(Path(tempfile.mkdtemp(dir=os.environ[SCRATCH])))
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            os.environ[SCRATCH] = scratch
            if postgresql:
                self._made["postgresql_server"] = postgresql.joined(f"job{os.getpid()}")
            try:
                answer = self._run(job, Path(scratch))
            except BaseException:
                answer = {"broken": traceback.format_exc()}
            with os.fdopen(sender, "w") as stream:
                stream.write(json.dumps(answer))
            os._exit(0)
        os.close(sender)
        try:
            return _read(receiver, job["seconds"]) or json.dumps({"ended": True})
        finally:
            os.close(receiver)
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            shutil.rmtree(scratch, ignore_errors=True)
            if postgresql:
                postgresql.drop_all(f"job{child}")

    def _serve_postgresql(self) -> PostgresqlServer:
        if "postgresql_server" not in self._made:
            self._made["postgresql_server"] = server = PostgresqlServer()
            self._made["postgresql_template"] = create_postgresql_template(server)
        server = self._made["postgresql_server"]
        assert isinstance(server, PostgresqlServer)
        return server

    def _run(self, job: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
        if job["function"]:
            _replace(job["path"], job["function"], job["text"])
        if job["trace"]:
            os.environ[NOTES] = str(scratch / "notes")
            os.environ["PYTHONPATH"] = os.pathsep.join([str(_INSIDE), os.environ["PYTHONPATH"]])
            _tracer.start()
        tests = {}
        for test, following in _with_following(job["tests"]):
            self._reports = []
            started = time.process_time()
            item, nextitem = self._items[test], self._items[following] if following else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            failed = next((report.longreprtext for report in self._reports if report.failed), None)
            tests[test] = {"seconds": time.process_time() - started, "failed": failed, "reached": _tracer.take()}
            if failed and not job["trace"]:
                break
        return {"tests": tests, "by_processes": read_notes(scratch / "notes")}


def _with_following(tests: list[str]) -> Iterator[tuple[str, str | None]]:
    return zip(tests, [*tests[1:], None], strict=True)


def _read(receiver: int, seconds: float) -> str:
    deadline, text = time.monotonic() + seconds, b""
    while select.select([receiver], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(receiver, 65536)
        if not part:
            return text.decode()
        text += part
    return json.dumps({"timed_out": True})


def _replace(path: str, function: str, text: str) -> None:
    """Give the living function (with whatever wraps it, and wherever it was imported) the code of a changed file."""
    file = str(ROOT / path)
    changed = {(code.co_qualname, code.co_firstlineno): code for code in _codes(compile(text, file, "exec"))}
    gc.unfreeze()  # What is frozen is not among the objects.
    living = [
        found
        for found in gc.get_objects()
        if isinstance(found, FunctionType)
        and found.__code__.co_filename == file
        and found.__code__.co_qualname == function
    ]
    if not living:
        raise LookupError(f"there is no function {function} of {path}")
    for found in living:
        found.__code__ = changed[function, found.__code__.co_firstlineno]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
