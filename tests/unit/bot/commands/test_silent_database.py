"""A database that falls silent keeps no command waiting for ever, and what nobody knows is not said."""

import time
from collections.abc import Iterator

import pytest

from bot.commands import audit, console
from desk.transaction import Desk
from tests.factories import MIA
from tests.postgresql_proxy import PostgresqlProxy, proxied
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
GRANT = ("roles", "grant", MIA, "page_configuration")


@pytest.fixture
def proxy(
    keydesk: Run, seeded: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresqlProxy]:
    """In front of the database; commands wait for a second."""
    monkeypatch.setattr(console, "WAIT_SECONDS", 1.0)
    monkeypatch.setattr(audit, "LONG_SECONDS", 1.0)
    with proxied(database_url) as proxy:
        monkeypatch.setenv("KEYDESK_DATABASE_URL", proxy.url)
        yield proxy


@pytest.mark.parametrize("words", [("keys", "list"), ("audit", "verify"), GRANT])
def test_a_command_ends_in_words(proxy: PostgresqlProxy, keydesk: Run, words: tuple[str, ...]) -> None:
    """Where it gets no connection, as from a server that is stopped."""
    proxy.fall_silent()
    begun = time.monotonic()
    result = keydesk(*words)
    assert time.monotonic() - begun < 10
    assert result.exit_code == 1
    assert "too long" in result.stderr or "does not answer" in result.stderr
    assert "Traceback" not in result.output


def test_a_commit_that_was_not_answered_is_not_called_undone(
    proxy: PostgresqlProxy, keydesk: Run, seeded: Desk
) -> None:
    """It is said that nobody knows."""
    proxy.fall_silent_at_commit()
    result = keydesk("keys", "list")
    assert result.exit_code == 0
    result = keydesk(*GRANT)
    assert result.exit_code == 1
    assert "not known" in result.stderr
    assert "nothing was changed" not in result.stderr
