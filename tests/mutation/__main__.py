"""`make mutants`: put small faults into the rules, and say which of them no test sees."""

import difflib
import hashlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tests.mutation.crew import Crew, hired
from tests.mutation.operators import Kind, Mutant, list_mutants
from tests.mutation.reach import Reach
from tests.mutation.trees import ROOT, Server, ServerError, Tree
from tests.mutation.trial import Outcome, Trials, Verdict

RULES = (
    "desk",
    "storage/attempts.py",
    "storage/deadline.py",
    "storage/jobs.py",
    "storage/lanes.py",
    "storage/locks.py",
    "storage/once.py",
    "storage/organizations.py",
    "storage/outbox.py",
    "storage/posts.py",
    "storage/room.py",
    "storage/seen_events.py",
    "storage/transitions.py",
    "storage/uses.py",
    "bot/connections.py",
    "handlers/delivery",
    "handlers/http/auth",
    "handlers/jobs/clock_watch.py",
    "handlers/slack/framework/door.py",
    "handlers/slack/framework/shapes.py",
)
"""The rules, what remembers and guards for them, and the adapters with promises of their own."""
_LONGEST_SECONDS = 1800.0
"""What the tests of a file may take while they are traced."""
KEPT = ROOT / ".mutants"
"""Measurements and verdicts, kept from run to run."""


def main(
    paths: Annotated[list[str] | None, typer.Argument(help="Files or folders; the rules when there is none")] = None,
    sample: Annotated[int, typer.Option(help="How many mutants to try; 0: all")] = 200,
    seed: Annotated[int, typer.Option(help="Another number is another sample")] = 1,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only mutants of these kinds")] = None,
    budget: Annotated[float, typer.Option(help="Seconds of tests for one mutant, the most specific ones first")] = 60,
    workers: Annotated[int, typer.Option(help="How many to try at once")] = os.cpu_count() or 1,
    measure: Annotated[bool, typer.Option(help="Measure anew which test reaches what")] = False,
) -> None:
    """Put small faults into the rules, one at a time, and say which of them no test sees.

    The first run measures which tests reach which lines. A run that was interrupted goes on where it was. A verdict
    is kept until the function or the tests that it rests on change.
    """
    verdicts = _Verdicts(KEPT / "verdicts.json")
    with hired(workers) as crew:
        mutants = choose(crew.root, list_files(crew.root, paths or RULES), kind or list(Kind), sample, seed)
        reach = Reach(crew.root, KEPT / "reach")
        _measure(crew, reach, again=measure)
        trials = Trials(crew.root, reach, budget)

        def try_one(mutant: Mutant, tree: Tree, server: Server) -> Verdict | str:
            try:
                return trials.try_mutant(mutant, tree, server, verdicts.find(mutant))
            except ServerError as error:
                return str(error)

        for number, (mutant, verdict) in enumerate(crew.each(mutants, try_one), 1):
            typer.echo(f"[{number}/{len(mutants)}] {_line(mutant, verdict)}")
            if isinstance(verdict, Verdict):
                verdicts.keep(mutant, verdict)
                if verdict.outcome is not Outcome.KILLED:
                    typer.echo(show(mutant, (crew.root / mutant.path).read_text()))
    typer.echo(summary([(mutant, known) for mutant in mutants if (known := verdicts.find(mutant))]))


def list_files(root: Path, paths: Iterable[str]) -> list[str]:
    """The Python files that these name, or that are below them."""
    files: set[Path] = set()
    for path in paths:
        found = root / path
        if not found.exists():
            raise typer.BadParameter(f"There is no {path}.")
        files.update(found.rglob("*.py") if found.is_dir() else [found])
    return sorted(str(file.relative_to(root)) for file in files)


def choose(root: Path, files: Iterable[str], kinds: Sequence[Kind], sample: int, seed: int) -> list[Mutant]:
    """The mutants of a sample. The same seed gives the same ones as long as their functions are the same."""
    offered = [mutant for file in files for mutant in list_mutants(file, (root / file).read_bytes())]
    wanted = [mutant for mutant in offered if mutant.kind in kinds]
    shuffled = sorted(wanted, key=lambda mutant: hashlib.sha256(f"{seed} {mutant.name}".encode()).digest())
    return shuffled[: sample or None]


def _measure(crew: Crew, reach: Reach, *, again: bool) -> None:
    tests: dict[str, list[str]] = {}
    for test in crew.tests:
        if "postgresql" not in test or test.replace("postgresql", "sqlite") not in crew.tests:
            tests.setdefault(test.partition("::")[0], []).append(test)
    unknown = list(tests) if again else reach.load(tests)

    def trace(test_file: str, _: Tree, server: Server) -> list[str]:
        answer = server.run(tests[test_file], seconds=_LONGEST_SECONDS, trace=True)
        return reach.keep(test_file, answer) if "tests" in answer else tests[test_file]

    for number, (test_file, failed) in enumerate(crew.each(unknown, trace), 1):
        typer.echo(f"[{number}/{len(unknown)}] measured {test_file}")
        for test in failed:
            typer.echo(f"    fails without any mutant, and is not asked: {test}")


class _Verdicts:
    def __init__(self, path: Path) -> None:
        self._path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self._known = {
            name: Verdict(**{**known, "outcome": Outcome(known["outcome"])}) for name, known in kept.items()
        }

    def find(self, mutant: Mutant) -> Verdict | None:
        return self._known.get(f"{mutant.path} {mutant.name}")

    def keep(self, mutant: Mutant, verdict: Verdict) -> None:
        self._known[f"{mutant.path} {mutant.name}"] = verdict
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({name: asdict(known) for name, known in self._known.items()}, indent=0))
        fresh.replace(self._path)


def _line(mutant: Mutant, verdict: Verdict | str) -> str:
    where = f"{mutant.path}:{mutant.lines[0]} {mutant.kind}"
    if isinstance(verdict, str):
        return f"not tried  {where}\n{verdict}"
    by = f", by {verdict.by}" if verdict.by else ""
    return f"{verdict.outcome:<9} {where} ({verdict.asked} of {verdict.reaching} tests ran{by})"


def show(mutant: Mutant, source: str) -> str:
    """The change as a diff."""
    before, after = source.splitlines(), mutant.applied_to(source.encode()).decode().splitlines()
    lines = difflib.unified_diff(before, after, mutant.path, mutant.path, n=2, lineterm="")
    return "\n".join(f"    {line}" for line in lines) + "\n"


def summary(tried: Sequence[tuple[Mutant, Verdict]]) -> str:
    """How many of each kind were found, and of all."""
    all_of, found = Counter[str](), Counter[str]()
    for mutant, verdict in tried:
        for name in (mutant.kind, "all"):
            all_of[name] += 1
            found[name] += verdict.outcome is Outcome.KILLED
    return "\n".join(
        f"{name:<12} {found[name]:>5} of {count:<5} {found[name] / count:>4.0%}"
        for name, count in sorted(all_of.items(), key=lambda entry: (entry[0] == "all", entry[0]))
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Whoever ends it leaves no trees behind.
    typer.run(main)
