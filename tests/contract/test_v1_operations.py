"""The table of operations, against Statuspage's published description."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest

from handlers.http.v1.operations import OPERATIONS, Depends, Operation, Paging, make_routes

SAID = json.loads((Path(__file__).parent / "data" / "statuspage_v1_operations.json").read_text(encoding="utf-8"))


def _published(operation: Operation) -> list[object]:
    return [operation.method, operation.path, operation.success, [*operation.body], operation.answer]


def _below_incidents(operation: Operation) -> tuple[str, str]:
    return operation.method, operation.path.partition("/incidents")[2]


def test_every_operation_is_as_published() -> None:
    """All 112, none twice: method, path, success, the members of the body and the answer's schema."""
    published = sorted([row[:5] for row in SAID["operations"]], key=str)
    assert sorted(map(_published, OPERATIONS), key=str) == published
    assert len(published) == 112


def test_paging_follows_from_what_a_list_takes() -> None:
    """`per_page`, or `limit`; subscribers alone begin at 0, and alone can be sorted."""
    for method, path, *_, query in SAID["operations"]:
        [operation] = [one for one in OPERATIONS if (one.method, one.path) == (method, path)]
        expected = Paging.PER_PAGE if "per_page" in query else Paging.LIMIT if "limit" in query else None
        assert operation.paging == (Paging.LIMIT_FROM_ZERO if "sort_field" in query else expected), path


def test_a_scope_speaks_of_what_the_path_is_about() -> None:
    """Whatever may be a maintenance asks for more than its path says, and so does whatever moves components."""
    of_kind = {_below_incidents(one) for one in OPERATIONS if Depends.KIND in one.depends}
    assert of_kind == {
        ("POST", ""),
        *((method, "/{incident_id}") for method in ("PUT", "PATCH", "DELETE")),
        *((method, "/{incident_id}/incident_updates/{incident_update_id}") for method in ("PUT", "PATCH")),
        *((method, "/{incident_id}/postmortem") for method in ("GET", "PUT", "DELETE")),
        *(("PUT", f"/{{incident_id}}/postmortem/{act}") for act in ("publish", "revert")),
    }
    moving = {_below_incidents(one) for one in OPERATIONS if Depends.STATES in one.depends}
    assert moving == {("POST", ""), ("PUT", "/{incident_id}"), ("PATCH", "/{incident_id}")}
    assert {one.resource for one in OPERATIONS if one.path.startswith("organizations/")} == {"users"}


def test_handlers_are_exactly_those_of_the_operations_that_are_there() -> None:
    """One too few stops the start."""
    with pytest.raises(ValueError, match="no handler, or no operation, for"):
        make_routes({})


def test_the_table_is_shipped() -> None:
    """It is read from the package, where an installed Keydesk has it, too."""
    lines = files("handlers.http.v1").joinpath("operations.csv").read_text(encoding="utf-8").splitlines()
    assert len(list(csv.DictReader(lines))) == len(OPERATIONS)
