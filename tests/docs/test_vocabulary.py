"""The page of the vocabulary lists what there is: every role, scope, job and audit event, and nothing else."""

import ast
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from desk.audit.trail import Action
from desk.transaction import JobName
from docs.lists.modules import parse_modules
from storage.models import Role, Scope

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vocabulary.md").read_text()
_ROW = re.compile(r"^\| `([a-z_:.-]+)` \|(.*)\|$", re.MULTILINE)


def _rows(heading: str) -> Mapping[str, list[str]]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [(name, [cell.strip() for cell in rest.split("|")]) for name, rest in _ROW.findall(section)]
    names = [name for name, _ in rows]
    assert len(names) == len(set(names)), "a name stands twice"
    return dict(rows)


EVENTS = _rows("Audit events")


@pytest.mark.parametrize(
    ("heading", "vocabulary"),
    [("Roles", Role), ("Scopes of a key", Scope), ("Jobs", JobName), ("Audit events", Action)],
)
def test_the_page_lists_the_vocabulary_in_its_order(heading: str, vocabulary: type[StrEnum]) -> None:
    """A name that is added, renamed or dropped is found here."""
    assert list(_rows(heading)) == [str(name) for name in vocabulary]


def test_each_name_says_what_it_means_and_since_when() -> None:
    """No cell is left empty but the data of events that have none, and versions are versions."""
    for heading in ("Roles", "Scopes of a key", "Jobs", "Audit events"):
        for name, cells in _rows(heading).items():
            *meaning, since = cells
            assert re.fullmatch(r"\d+\.\d+", since), name
            assert all(meaning[:2]), name


_RECORDING = {"record": 1, "finish_change": 2}
"""What records an event, and where among its arguments the event is."""
_NOT_RECORDED = {"rotation_ends", "lives_until", "told", "along"}
"""What `finish_change` is told besides the event's data."""


def _recorded() -> Iterator[tuple[str, str | None, set[str], bool]]:
    """What the desk records: the event, its subject's kind, and the names of its data; and whether those are all."""
    for _, tree in parse_modules("|".join(_RECORDING), ["desk"]):
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = _RECORDING.get(name)
            if place is None or len(call.args) <= place or not isinstance(call.args[place], ast.Attribute):
                continue
            action = call.args[place]
            assert isinstance(action, ast.Attribute)
            named = {word.arg for word in call.keywords if word.arg}
            complete = all(word.arg for word in call.keywords)
            if name == "finish_change":
                yield Action[action.attr], "key", (named | {"name"}) - _NOT_RECORDED, complete
            else:
                kind = call.args[2]
                yield (
                    Action[action.attr],
                    str(kind.value) if isinstance(kind, ast.Constant) else None,
                    named,
                    complete,
                )


def test_events_are_recorded_as_the_page_says() -> None:
    """The subject's kind and the names of the data stand in the code where the event is recorded."""
    seen: dict[str, set[str]] = {}
    whole: dict[str, bool] = {}
    for action, kind, names, complete in _recorded():
        assert kind in {None, EVENTS[action][0]}, action
        seen.setdefault(action, set()).update(names)
        whole[action] = whole.get(action, True) and complete
    assert len(seen) > 50, "the calls that record events are not found any more"
    for action, names in seen.items():
        documented = set(re.findall(r"`([a-z_]+)`", EVENTS[action][2]))
        assert names <= documented, action
        assert not whole[action] or names == documented, action
