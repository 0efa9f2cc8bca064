"""Which tests `make check` runs for a change."""

from collections.abc import Collection

from tests.touched import order_touched

TESTS = {
    "tests/docs/test_readme.py",
    "tests/scenario/test_keys.py",
    "tests/unit/desk/keys/test_races.py",
    "tests/unit/desk/keys/test_rules.py",
    "tests/unit/desk/roles/test_roles.py",
}
_IMPORTERS = {"desk/keys/rules.py": ["tests/scenario/test_keys.py", "tests/unit/desk/keys/test_races.py"]}


def importers(path: str) -> Collection[str]:
    """What imports a file in a small tree."""
    return _IMPORTERS.get(path, [])


def test_a_rule_is_tested_by_its_mirror_first_and_by_what_imports_it() -> None:
    """The nearest come first, each once."""
    assert order_touched(["desk/keys/rules.py"], TESTS, importers) == [
        "tests/unit/desk/keys/test_rules.py",
        "tests/unit/desk/keys/test_races.py",
        "tests/scenario/test_keys.py",
    ]


def test_a_changed_test_runs_itself_and_a_document_its_checks() -> None:
    """What nobody tests adds nothing."""
    changed = ["README.md", "desk/new.py", "tests/unit/desk/roles/test_roles.py", "tests/unit/gone.py"]
    assert order_touched(changed, TESTS, importers) == [
        "tests/unit/desk/roles/test_roles.py",
        "tests/docs/test_readme.py",
    ]
    assert order_touched([], TESTS, importers) == []
