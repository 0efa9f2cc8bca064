"""What the contract suites share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.transaction import Desk
from tests.contract.gateway_stage import make_there
from tests.contract.page_systems import SYSTEMS, PageSystem

_MADE = [("local", "sqlite"), ("local", "postgresql"), ("atlassian", "sqlite")]
"""Systems of record, and databases of the desk. What is owed to the one elsewhere is rows like any others: that they
are delivered from both databases, `test_deliverers` shows."""


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is promised of a page in each system of record."""
    if "system" in metafunc.fixturenames:
        # As a mark, so that it goes before the parameters that the databases have of their own.
        metafunc.definition.add_marker(pytest.mark.parametrize(("system", "database_url"), _MADE, indirect=True))


@pytest.fixture
def system(
    request: pytest.FixtureRequest, desk: Desk, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PageSystem]:
    """A page in a system of record."""
    made = SYSTEMS[request.param](desk, tmp_path_factory.mktemp("there"), sqlite_template)
    yield made
    made.close()


@pytest.fixture
def there(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    """The desk of a second Keydesk, which plays the Statuspage behind a gateway."""
    yield from make_there(sqlite_template, tmp_path)
