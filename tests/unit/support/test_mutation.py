"""`make mutants`: which faults it makes, which tests it asks, and that it tells a seen fault from an unseen one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutation.__main__ import choose, list_files, show, summary
from tests.mutation.crew import Crew, hired
from tests.mutation.operators import Kind, Mutant, list_mutants
from tests.mutation.reach import Reach
from tests.mutation.trees import ROOT
from tests.mutation.trial import Outcome, Trials, Verdict

TEXTS = "desk/texts.py"
TESTS = "tests/unit/desk/test_texts.py"


def changes(statement: str, kind: Kind) -> list[str]:
    """What a statement of a function becomes in the mutants of a kind."""
    source = f"def rule(tx, row):\n    {statement}\n"
    found = [mutant for mutant in list_mutants("rule.py", source.encode()) if mutant.kind is kind]
    return [mutant.applied_to(source.encode()).decode().partition("\n")[2].strip() for mutant in found]


@pytest.mark.parametrize(
    ("kind", "statement", "mutants"),
    [
        (Kind.COMPARISON, "a = b < c", ["a = (b <= c)", "a = (b >= c)"]),
        (Kind.COMPARISON, "a = row.x.is_(None)", ["a = row.x.is_not(None)"]),
        (Kind.CONDITION, "if b: c = 1", ["if (not (b)): c = 1"]),
        (Kind.CONDITION, "if b == c: d = 1", []),
        (Kind.CONDITION, "a = [b for b in c if b]", ["a = [b for b in c if (not (b))]"]),
        (Kind.GUARD, "if b: return", ["pass"]),
        (Kind.GUARD, "if b: a = 1", []),
        (Kind.BOOLEAN, "a = b and c", ["a = (b or c)", "a = (b)", "a = (c)"]),
        (Kind.RAISE, "raise LookupError(row)", ["pass"]),
        (Kind.PERMISSION, "require_owner(tx)", ["pass"]),
        (Kind.AUDIT, "record(tx, Action.KEY_KEPT, 'a', b)", ["pass", "record(tx, Action.ROLE_GRANTED, 'a', b)"]),
        (
            Kind.PAYLOAD,
            "record(tx, A, 'key', row, reason=b, **c)",
            [
                "record(tx, A, 'key', \"\", reason=b, **c)",
                "record(tx, A, 'key', row, reason=None, **c)",
                "record(tx, A, 'key', row, reason=b, **{})",
            ],
        ),
        (Kind.MESSAGE, "send_note(tx, row)", ["pass"]),
        (Kind.MESSAGE, "_refresh(tx, row)", ["pass"]),
        (Kind.LOCK, "lock_people(tx)", ["pass"]),
        (Kind.LOCK, "a = select(b).with_for_update(key_share=True)", ["a = select(b)"]),
        (Kind.LOCK, "a = get_key(tx, b, lock=True)", ["a = get_key(tx, b, lock=False)"]),
        (Kind.CALL, "tx.session.add(row)", ["pass"]),
        (Kind.CALL, "log.info(row)", []),
        (Kind.ASSIGNMENT, "row.at = tx.now", ["pass"]),
        (Kind.ASSIGNMENT, "a = update(b).values(c=d)", ["a = update(b).values(**{})"]),
        (Kind.ASSIGNMENT, "a = transition(b, allowed=c, d=e)", ["a = transition(b, allowed=c, **{})"]),
        (Kind.WHERE, "a = select(b).where(c, d)", ["a = select(b).where(True, d)", "a = select(b).where(c, True)"]),
        (Kind.WHERE, "a = or_(b, c)", ["a = or_(False, c)", "a = or_(b, False)"]),
        (Kind.CONSTANT, "a = 3", ["a = 4"]),
        (Kind.CONSTANT, "a = True", ["a = False"]),
        (Kind.ARITHMETIC, "a = b + c", ["a = (b - c)"]),
        (Kind.RETURN, "return row.x", ["return None"]),
    ],
)  # fmt: skip
def test_faults(kind: Kind, statement: str, mutants: list[str]) -> None:
    """Each kind of fault, made at the statement and nowhere else."""
    assert changes(statement, kind) == mutants


def test_every_kind_of_fault_is_among_those_of_the_rules() -> None:
    """An operator that finds nothing to change any more is noticed."""
    offered = choose(ROOT, list_files(ROOT, ["desk"]), list(Kind), 0, 1)
    assert {mutant.kind for mutant in offered} == set(Kind)
    assert len({mutant.name for mutant in offered}) > 0.9 * len(offered) > 1000


def test_what_is_no_rule_stays_as_it_is() -> None:
    """Annotations, decorators, assertions and formatted texts hold no rule that a fault in them would break."""
    head = "@register(1)\ndef rule(a: Literal[1]) -> Literal[2]:\n    b: Literal[3]\n"
    body = '    assert a == 1\n    c = f"{a + 1}"\n'
    assert list_mutants("rule.py", (head + body).encode()) == []


def test_a_mutant_keeps_its_name() -> None:
    """Elsewhere in the file, or in another file, it is the same mutant: samples and verdicts outlive such changes."""
    rule = "def rule(a):\n    return a > 1\n"
    here, there = (
        list_mutants(path, text.encode()) for path, text in (("a.py", rule), ("b/c.py", f"X = 1\n\n\n{rule}"))
    )
    assert [mutant.name for mutant in here] == [mutant.name for mutant in there if mutant.function]
    assert len({mutant.name for mutant in here}) == len(here) == 3


def test_samples() -> None:
    """The same seed gives the same sample, a larger one holds the smaller one, and another seed gives another."""
    names = [mutant.name for mutant in choose(ROOT, ["desk/texts.py", "desk/durations.py"], list(Kind), 10, 1)]
    assert (
        names
        == [mutant.name for mutant in choose(ROOT, ["desk/durations.py", "desk/texts.py"], list(Kind), 20, 1)][:10]
    )
    assert names != [
        mutant.name for mutant in choose(ROOT, ["desk/texts.py", "desk/durations.py"], list(Kind), 10, 2)
    ]


def find_mutant(kind: Kind, replacement: str) -> Mutant:
    """The mutant of desk/texts.py that puts this text into it."""
    offered = list_mutants(TEXTS, (ROOT / TEXTS).read_bytes())
    return next(mutant for mutant in offered if mutant.kind is kind and mutant.replacement == replacement)


INVISIBLE = find_mutant(Kind.COMPARISON, "(unicodedata.category(mark) in _INVISIBLE)")
EMPTY = find_mutant(Kind.CONDITION, "(not (any((unicodedata.category(mark) not in _INVISIBLE for mark in line))))")


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """One worker that has collected the tests of desk/texts.py."""
    with hired(1, [TESTS]) as crew:
        yield crew


def measure(crew: Crew, folder: Path, tests: list[str]) -> Reach:
    """What some of the tests reach."""
    reach = Reach(ROOT, folder)
    assert reach.load({TESTS: tests}) == [TESTS]
    [(_, answer)] = crew.each([tests], lambda job, tree, server: server.run(job, seconds=60, trace=True))
    assert reach.keep(TESTS, answer) == []
    assert Reach(ROOT, folder).load({TESTS: tests}) == []
    return reach


@pytest.fixture(scope="module")
def reach(crew: Crew, tmp_path_factory: pytest.TempPathFactory) -> Reach:
    """What the examples among these tests reach; the property's own would take long to trace."""
    return measure(
        crew, tmp_path_factory.mktemp("reach"), [test for test in crew.tests if "can_be_stored" not in test]
    )


def try_with(crew: Crew, reach: Reach, mutant: Mutant, last: Verdict | None = None) -> Verdict:
    """What the tests that are known to `reach` say of a mutant."""
    trials = Trials(ROOT, reach, budget=60)
    [(_, verdict)] = crew.each([mutant], lambda job, tree, server: trials.try_mutant(job, tree, server, last))
    return verdict


def test_a_fault_is_killed_by_a_test_that_sees_it_and_lives_otherwise(
    crew: Crew, reach: Reach, tmp_path: Path
) -> None:
    """What reaches the line runs until a test fails; a fault that only other tests would see is said to live."""
    killed = try_with(crew, reach, INVISIBLE)
    assert killed.outcome is Outcome.KILLED
    assert killed.by.startswith(TESTS)
    joiners = f"{TESTS}::test_joiners_inside_of_what_can_be_seen_stay"
    alone = measure(crew, tmp_path, [joiners])
    assert try_with(crew, alone, EMPTY).outcome is Outcome.KILLED
    assert [test.test for test in alone.seeing(EMPTY)[0]] == [joiners]
    alive = try_with(crew, alone, INVISIBLE)
    assert (alive.outcome, alive.by, alive.asked, alive.reaching) == (Outcome.ALIVE, "", 1, 1)
    assert "-    return line if any(" in show(INVISIBLE, (ROOT / TEXTS).read_text())
    assert summary([(INVISIBLE, killed), (INVISIBLE, alive)]).splitlines() == [
        "comparison       1 of 2      50%",
        "all              1 of 2      50%",
    ]


def test_a_fault_where_a_module_is_made(crew: Crew, reach: Reach) -> None:
    """What was imported already would not change: such a fault is tried by a pytest of its own."""
    source = (ROOT / TEXTS).read_bytes()
    start = source.index(b'"Mn", ')
    fault = Mutant(TEXTS, "", "_INVISIBLE", Kind.CONSTANT, (9, 9), start, start + 6, "", "without marks")
    assert try_with(crew, reach, fault).by.startswith(f"{TESTS}::test_a_line_of_which_nothing_can_be_seen_is_empty")
    broken = Mutant(TEXTS, "", "_INVISIBLE", Kind.CONSTANT, (9, 9), start, start + 6, "missing, ", "no such name")
    assert try_with(crew, reach, broken).outcome is Outcome.KILLED


def test_a_fault_that_makes_a_test_hang_is_killed(crew: Crew, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what does not end."""
    monkeypatch.setattr("tests.mutation.trial.PATIENCE_SECONDS", 1.0)
    source = (ROOT / TEXTS).read_bytes()
    start = source.index(b"return line if")
    loop = "__import__('threading').Event().wait()\n    "
    endless = Mutant(TEXTS, "clean_line", "clean_line", Kind.CONSTANT, (21, 21), start, start, loop, "endless")
    assert try_with(crew, reach, endless).by == "a test that hangs"
    assert try_with(crew, reach, INVISIBLE).outcome is Outcome.KILLED


def test_what_is_known_is_not_tried_again(crew: Crew, reach: Reach) -> None:
    """A verdict holds until what it rests on changes; then the test that killed last time runs first."""
    killed = try_with(crew, reach, INVISIBLE)
    assert try_with(crew, reach, INVISIBLE, killed) is killed
    earlier = Verdict(Outcome.KILLED, killed.by, 9, 9, "of an earlier version")
    again = try_with(crew, reach, INVISIBLE, earlier)
    assert (again.by, again.asked, again.stamp) == (killed.by, 1, killed.stamp)
