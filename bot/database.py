"""The database that the settings name, and whether it has the schema that this release needs."""

from dataclasses import replace
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import make_url

from bot.settings import Settings, make_policy
from bot.settings.masking import secrets_in
from bot.settings.values import parse_database_url
from bot.upstream import list_setting_keys
from desk.clock import Clock, SteeredClock, SystemClock
from desk.errors import InvalidInputError, KeydeskError
from desk.identifiers import new_id
from desk.secret import sha256
from desk.transaction import Desk
from handlers.http.own.operations import list_needs as list_own_needs
from handlers.http.v1.operations import list_needs
from storage import schema
from storage.beginning import open_organization
from storage.database import Database
from storage.models import Scope
from storage.sqlite_file import find_file


def database_address(settings: Settings) -> str:
    """The database's address; a relative SQLite path begins in the data folder."""
    url = make_url(settings.database_url)
    path = url.database or ""
    if url.get_backend_name() != "sqlite" or path.startswith(("/", ":", "file:")):
        return settings.database_url
    return url.set(database=str(settings.data_folder / path)).render_as_string(hide_password=False)


def open_database(settings: Settings) -> Database:
    """The database, whatever state it is in. Raises KeydeskError when an SQLite file cannot be there."""
    address = database_address(settings)
    file = find_file(make_url(address))
    if file is not None and not file.parent.is_dir():
        raise KeydeskError(
            f"The folder {file.parent} of the database does not exist.",
            "Make it, or change KEYDESK_DATA_FOLDER or KEYDESK_DATABASE_URL.",
        )
    return Database.from_url(address, threads=settings.database_threads, direct=settings.database_direct_url)


def open_address(address: str) -> Database:
    """The database at an address that somebody typed. Raises InvalidInputError for what is none."""
    try:
        return Database.from_url(parse_database_url(address), threads=1)
    except ValueError as error:
        raise InvalidInputError(
            "That is no address of a database.",
            "Type it as KEYDESK_DATABASE_URL has it: sqlite:////path or postgresql://…",
        ) from error


def find_public_folder(settings: Settings) -> Path | None:
    """Where public documents are written too. Raises KeydeskError for a folder in which the database is."""
    if settings.public_folder is None:
        return None
    folder = settings.data_folder / settings.public_folder
    file = find_file(make_url(database_address(settings)))
    if file is not None and file.resolve().is_relative_to(folder.resolve()):
        raise KeydeskError(
            f"The database would be in the public folder {folder}, for everybody to read.",
            "Choose another folder in KEYDESK_PUBLIC_FOLDER.",
        )
    return folder


def make_desk(
    settings: Settings, database: Database, *, clock: Clock | None = None, organization_id: str | None = None
) -> Desk:
    """The desk of the one organization on an up-to-date database; it begins, with the id that is given, at first."""
    clock = clock or SteeredClock(SystemClock())
    organization = open_organization(database, clock.now(), wanted=organization_id or new_id())
    needed = {Scope(need.scope) for need in (*list_needs(), *list_own_needs())}
    offered = tuple(scope for scope in Scope if scope in needed)
    named = tuple((key.id, key.expires_at) for key in list_setting_keys(settings))
    own = frozenset(map(sha256, secrets_in(settings)))
    policy = replace(make_policy(settings), offered_scopes=offered, named_upstream_keys=named, own_secrets=own)
    return Desk(database.of(organization), clock, policy)


def require_schema(database: Database) -> None:
    """Raises KeydeskError unless the database has the schema that this release needs."""
    found, newest = schema.find_revision(database.engine), schema.newest_revision()
    if found is None:
        raise KeydeskError("The database is empty.", "Type 'keydesk db upgrade' to prepare it.")
    if found != newest:
        raise KeydeskError(
            f"The database has schema {found}, and this release needs {newest}.",
            "Type 'keydesk db upgrade', or run the release that the database was made with.",
        )


def upgrade_schema(database: Database) -> tuple[str | None, str]:
    """Bring the database to the schema of this release; gives the schema before and now. Raises KeydeskError."""
    before, newest = schema.find_revision(database.engine), schema.newest_revision()
    if before != newest:
        try:
            schema.upgrade(database.engine)
        except CommandError as error:
            raise KeydeskError(
                f"The database has schema {before}, which this release does not know.",
                "A newer release has made it: run that one, or restore a backup from before the upgrade.",
            ) from error
    return before, newest
