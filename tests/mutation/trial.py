"""Deciding one mutant: which tests are asked, in which way, and what they say."""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutation.operators import Kind, Mutant
from tests.mutation.reach import Measured, Reach, fingerprint
from tests.mutation.trees import Server, ServerError, Tree

PATIENCE_SECONDS = 60.0
"""What tests have, on top of ten times what they take of a processor, until they count as hanging."""


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    ALIVE = "alive"
    UNREACHED = "unreached"
    """No test comes to its line, and those that come to its function notice nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a mutant."""

    outcome: Outcome
    by: str
    """The test that failed; empty when all passed."""
    asked: int
    """How many tests ran."""
    reaching: int
    """How many may see it."""
    stamp: str
    """Another one when what decides about it has changed: the mutated function, or the files of the tests asked."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Tries mutants with the tests that may see them, for as many seconds of tests as the budget has."""

    root: Path
    reach: Reach
    budget: float

    def try_mutant(self, mutant: Mutant, tree: Tree, server: Server, last: Verdict | None) -> Verdict:
        """Run the tests, what killed it last time first. Nothing runs when what is known of it still holds."""
        seeing, reached = self.reach.seeing(mutant)
        tests = self._choose(mutant, seeing, reached, server.tests)
        if last and last.stamp == self._stamp(mutant, [last.by] if last.by else tests):
            return last
        if last and last.by in tests:
            tests = [last.by, *(test for test in tests if test != last.by)]
        seconds = PATIENCE_SECONDS + 10 * sum(known.seconds for known in seeing if known.test in tests)
        killer, asked = self._run(mutant, tree, server, tests, seconds)
        outcome = Outcome.KILLED if killer else Outcome.ALIVE if reached else Outcome.UNREACHED
        return Verdict(outcome, killer, asked, len(seeing), self._stamp(mutant, [killer] if killer else tests))

    def _choose(
        self, mutant: Mutant, seeing: Sequence[Measured], reached: bool, present: Collection[str]
    ) -> list[str]:
        """The most specific tests that the budget allows. Locks do nothing on SQLite."""
        chosen, left = [], self.budget
        on_postgresql = mutant.kind is Kind.LOCK or not reached
        for known in seeing:
            twin = known.test.replace("sqlite", "postgresql")
            test = twin if on_postgresql and twin in present else known.test
            if test in present and (left := left - known.seconds) > 0:
                chosen.append(test)
        return chosen

    def _run(
        self, mutant: Mutant, tree: Tree, server: Server, tests: Sequence[str], seconds: float
    ) -> tuple[str, int]:
        if not tests:
            return "", 0
        text = mutant.applied_to((self.root / mutant.path).read_bytes())
        with tree.changed(mutant.path, text):
            if self._runs_when_imported(mutant, server):
                try:
                    fresh = Server(tree, sorted({test.partition("::")[0] for test in tests}))
                except ServerError:
                    return "whatever imports it", 0
                with closing(fresh):
                    answer = fresh.run([test for test in tests if test in fresh.tests], seconds=seconds)
            else:
                answer = server.run(
                    tests, seconds=seconds, path=mutant.path, function=mutant.function, text=text.decode()
                )
        if "timed_out" in answer:
            return "a test that hangs", len(tests)
        if "ended" in answer:
            return "a process that ends", len(tests)
        failed = (test for test, seen in answer["tests"].items() if seen["failed"])
        return next(failed, ""), len(answer["tests"])

    def _runs_when_imported(self, mutant: Mutant, server: Server) -> bool:
        """Whether new code for the function would come too late, as what it gave is kept somewhere."""
        function = self.reach.functions.find(mutant.path, mutant.lines[0]) if mutant.function else None
        lines = server.imported.get(mutant.path, ())
        return function is None or any(function.body <= line <= function.last for line in lines)

    def _stamp(self, mutant: Mutant, tests: Sequence[str]) -> str:
        function = self.reach.functions.find(mutant.path, mutant.lines[0])
        files = {file for test in tests if (file := self.root / test.partition("::")[0]).is_file()}
        tested = [f"{file}{fingerprint(file.read_bytes())}" for file in sorted(files)]
        return fingerprint("".join([function.text if function else "", *tested]).encode())
