"""How the engine connects."""

import pytest
from sqlalchemy import make_url, text

from storage.database import Database
from storage.engine import network_manners


def test_an_address_may_have_its_own_time_limits() -> None:
    """What the address says wins; the rest keeps a dead line from holding a thread for long."""
    manners = network_manners(make_url("postgresql://host/name?connect_timeout=60"))
    assert "connect_timeout" not in manners
    assert manners["tcp_user_timeout"] == 10_000


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_have_the_limits(database: Database) -> None:
    """The driver hands the limits to libpq, on every connection of the pool."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        parameters = driver.info.get_parameters()
        assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("5", "10000")
        assert connection.scalar(text("SELECT 1")) == 1
