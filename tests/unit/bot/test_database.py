"""The database that the settings name."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.database import (
    database_address,
    find_public_folder,
    make_desk,
    open_database,
    require_schema,
    upgrade_schema,
)
from bot.settings import GivenSettings
from desk.errors import InvalidInputError, KeydeskError
from desk.keys.check import Need
from desk.policy import Policy
from desk.reasons import check_key_name
from desk.transaction import Actor
from handlers.http.own.operations import list_needs as list_own_needs
from handlers.http.v1.documents import read_page_documents
from handlers.http.v1.handlers import make_handlers
from handlers.http.v1.operations import list_needs, make_routes
from storage import schema
from storage.database import Database
from storage.mirror import Mirror
from storage.models import Scope
from storage.signals import Topic


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///keydesk.db", "sqlite:///data/keydesk.db"),
        ("sqlite:////var/lib/keydesk.db", "sqlite:////var/lib/keydesk.db"),
        ("postgresql://host/name", "postgresql://host/name"),
        ("sqlite:///a%20b.db?timeout=5", "sqlite:///data/a b.db?timeout=5"),
    ],
)
def test_a_relative_path_begins_in_the_data_folder(url: str, address: str) -> None:
    """Only a relative SQLite path does."""
    assert database_address(GivenSettings(database_url=url, data_folder=Path("data"))) == address


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    """Also as only addresses are: the database is in it, and nowhere else."""
    folder = tmp_path / "50%25?x#y"
    folder.mkdir()
    database = open_database(GivenSettings(data_folder=folder))
    upgrade_schema(database)
    database.close()
    assert [path.name for path in folder.iterdir()] == ["keydesk.db"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Instead of SQLite's "unable to open database file"."""
    with pytest.raises(KeydeskError, match=r"The folder .*missing of the database does not exist"):
        open_database(GivenSettings(data_folder=tmp_path / "missing"))


@pytest.mark.parametrize(
    ("folder", "url"),
    [
        (".", "sqlite:///keydesk.db"),
        ("public", "sqlite:///public/inner/keydesk.db?timeout=9"),
        ("..", "sqlite:///k.db"),
    ],
)
def test_a_public_folder_with_the_database_in_it_is_refused(tmp_path: Path, folder: str, url: str) -> None:
    """Everybody could read it there."""
    data = tmp_path / "data"
    with pytest.raises(KeydeskError, match="for everybody to read"):
        find_public_folder(GivenSettings(data_folder=data, public_folder=Path(folder), database_url=url))
    settings = GivenSettings(data_folder=data, public_folder=Path("public"))
    assert find_public_folder(settings) == data / "public"


def test_an_empty_database_is_brought_up_to_date(empty_database_url: str) -> None:
    """From nothing to the newest schema; a second time nothing happens."""
    database = Database.from_url(empty_database_url)
    newest = schema.newest_revision()
    try:
        with pytest.raises(KeydeskError, match="The database is empty"):
            require_schema(database)
        assert upgrade_schema(database) == (None, newest)
        require_schema(database)
        assert upgrade_schema(database) == (newest, newest)
    finally:
        database.close()


def test_what_opens_something_is_what_is_offered(database: Database) -> None:
    """A key can be asked for with the scopes that some endpoint of an API needs, and with no others."""
    desk = make_desk(GivenSettings(), database)
    documents = Mirror(database, Topic.PAGES, read_page_documents)
    routes = make_routes(make_handlers(desk, documents))
    needed = {Need(one, write=need.write) for route in routes if (need := route.need) for one in need.resources}
    assert needed == list_needs()
    offered = {need.scope for need in list_needs() | list_own_needs()}
    assert desk.policy.offered_scopes == tuple(scope for scope in Scope if scope in offered)
    assert Policy().offered_scopes == desk.policy.offered_scopes


def test_what_the_settings_keep_secret_is_known_to_the_desk(database: Database) -> None:
    """Nobody may write Slack's signing secret into a name; the desk has no more of it than its digest."""
    secret = "8f742231b10e8888abcd99e2f1d485a5"
    desk = make_desk(GivenSettings(slack_signing_secret=SecretStr(secret)), database)
    assert secret not in repr(desk)
    with pytest.raises(InvalidInputError, match="holds a token or a password"):
        desk.read_now(Actor.operator("ann"), lambda _: check_key_name(f"for {secret}"))


def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    """A schema that this release has never heard of is neither used nor changed."""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(KeydeskError, match="schema 9999, which this release does not know"):
        upgrade_schema(database)
    assert schema.find_revision(database.engine) == "9999"
