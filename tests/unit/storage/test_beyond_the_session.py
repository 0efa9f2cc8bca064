"""What the session's restriction to one organization does not reach, all of it, and why that crosses nothing."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from docs.lists.modules import parse_modules

# Migrations bring the tables of every organization into another form; that is what they are for.
_MIGRATIONS = "storage/migrations/"

AS_TEXT: Mapping[str, str] = {
    "bot/doctor/here.py look_at_database": "it asks for nothing that is kept",
    "bot/readiness.py make_checks.ask_database": "it asks for nothing that is kept",
    "storage/engine.py _prepare_postgresql.connect": "which collations the database has",
    "storage/attempts.py _END_SESSION": "the session of a transaction whose commit was not answered",
    "storage/attempts.py _STATUS": "whether a transaction was committed",
    "storage/attempts.py _find_out": "a connection that was not there when the commit was lost",
    "storage/attempts.py commit": "the number of the transaction, and NOTIFY",
    "storage/engine.py _prepare_postgresql.begin": "the deadline, told to the server",
    "storage/engine.py _prepare_sqlite.begin": "BEGIN",
    "bot/backups.py _vacuum": "everything is copied, whosoever it is",
    "bot/backups.py _require_keydesk": "whether a file is a backup at all, whosoever's",
    "bot/backups.py copy_database": "everything is copied, whosoever it is",
    "storage/copying.py one_moment": "everything is read as of one moment, whosoever it is",
    "storage/copying.py _set_counter": "PostgreSQL's counters of new rows",
    "storage/engine.py _prepare_sqlite.connect": "PRAGMAs of the connection",
    "storage/locks.py _lock": "an advisory lock, on no row",
    "storage/models/keys.py ApiKey": "the condition of an index",
    "storage/models/messages.py _only_where": "the condition of an index",
    "storage/models/people.py Grant": "the condition of an index",
    "storage/schema.py _list_objects": "how the tables are made",
    "storage/schema.py _let_tables_be_remade": "PRAGMAs around migrations",
    "storage/schema.py _require_whole": "PRAGMAs around migrations",
    "storage/schema.py find_revision": "how the tables are made",
    "storage/schema.py list_differences": "how the tables are made",
    "storage/schema.py list_misfits": "what kinds of values a backup holds, whosoever's they are",
    "storage/schema.py upgrade": "the lock of migrations, and migrations themselves",
    "storage/schema.py write_migration": "how the tables are made",
    "storage/uses.py _CLAIM_SUSPENDED_USE": "it has the session's organization as a condition of its own (`_IS_OWN`)",
    "storage/uses.py _OWNERS": "it has the session's organization as a condition of its own (`_IS_OWN`)",
    "storage/uses.py _Upsert.__init__": "rows of keys that `_OWNERS` found, each with its key's organization",
    "storage/uses.py _Upsert.add": "the same",
    "storage/watcher.py Glance.look": "PRAGMA data_version",
}
"""What is written as text, or executed below the session."""

ON_TABLES: Mapping[str, str] = {
    "storage/copying.py copy_rows": "everything is copied, whosoever it is",
    "storage/copying.py find_rows": "everything is copied, whosoever it is",
    "storage/lanes.py notice": "a lane is no organization's",
}
"""Statements on a `Table`, which are none of the ORM."""

OF_ALL: Mapping[str, str] = {
    "bot/demo/serving.py _opened": "whether the demo has begun at all",
    "handlers/measuring.py look_at_outbox.look": "lanes hold deliveries of several organizations; it counts them",
    "desk/pages/addresses.py Addresses.refuse_taken": "an address that anybody has is taken; it says no more",
    "desk/pages/addresses.py Addresses.refuse_former": "one that was anybody's is taken; it says no more",
    "desk/moving/taking.py begin_move": "an id that anybody's page has is taken; it says no more",
    "desk/moving/taking.py _take_component": "as begin_move",
    "desk/moving/taking.py take_incidents": "as begin_move",
    "desk/moving/taking.py take_templates": "as begin_move",
    "desk/requests/importing.py _refuse_known": "a value works for one organization alone; it says no more",
    "desk/upstreams/copies.py _copy_page": "an id that anybody's page has is taken; it says no more",
    "desk/upstreams/copies.py _require_free": "an id that anybody's page has is taken; it says no more",
    "desk/transaction.py Desk.everywhere": "it is how others say that they mean all",
    "handlers/delivery/worker.py OutboxWorker.__init__": "a lane is no organization's; a claim says whose it is",
    "handlers/http/app.py create_http_app": "a key says whose it is, once it is found among all",
    "handlers/http/gateway/assembly.py UpstreamParts.__init__": "whose upstream it is, a call's key says",
    "handlers/http/auth/use_flusher.py UseFlusher._flush": "uses of all keys are written down together",
    "handlers/http/public/serving.py PublicSite.__init__": "a public page is found among all by its address",
    "storage/beginning.py open_organization": "it looks for the one that this database serves",
    "storage/lanes.py _line_up": "a lane is no organization's",
}
"""Where the rows of all organizations are meant."""


@cache
def list_places() -> Mapping[str, set[str]]:
    """Where something of each kind stands: file and outermost functions and classes, or the name that it makes."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, tree in parse_modules(_SIGNS):
        if not path.startswith(_MIGRATIONS):
            for kind, scope in _places(tree):
                found[kind].add(f"{path} {scope}")
    return found


def _places(tree: ast.Module) -> Iterator[tuple[str, str]]:
    texts = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sqlalchemy"
        for alias in node.names
        if alias.name in _TEXTS
    }
    for scope, node in _scoped(tree, ""):
        kind = _kind_of(node, texts)
        if kind is not None:
            yield kind, scope


def _scoped(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{scope}.{child.name}".lstrip(".")
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not scope:
            inner = ast.unparse(child.targets[0] if isinstance(child, ast.Assign) else child.target)
        yield inner, child
        yield from _scoped(child, inner)


_BELOW = {"exec_driver_sql", "cursor", "raw_connection", "driver_connection"}
_TEXTS = {"text", "TextClause"}
_OPENED = {"connect", "begin", "everywhere"}
_SIGNS = "|".join(
    (
        rf"from sqlalchemy[\w.]* import (\([^)]*|.*)\b({'|'.join(_TEXTS)})\b",
        rf"\.({'|'.join(_OPENED)})\b",
        *_BELOW,
        "__table__",
        "OF_EVERY_ORGANIZATION",
    )
)
"""Without any of them a module has nothing of the kind."""


def _kind_of(node: ast.AST, texts: set[str]) -> str | None:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in texts:
            return "text"
        return "all" if node.id == "OF_EVERY_ORGANIZATION" else None
    if not isinstance(node, ast.Attribute):
        return None
    if node.attr in _BELOW:
        return "text"
    if node.attr == "__table__":
        return "table"
    if node.attr not in _OPENED:
        return None
    owner = ast.unparse(node.value).rpartition(".")[2].lstrip("_")
    if node.attr != "everywhere":
        return "text" if owner == "engine" else None
    return "all" if owner in {"database", "desk"} else None


@pytest.mark.parametrize(("kind", "listed"), [("text", AS_TEXT), ("table", ON_TABLES), ("all", OF_ALL)])
def test_what_the_session_does_not_restrict_is_listed(kind: str, listed: Mapping[str, str]) -> None:
    """A new one is noticed, and stands here with the reason why it may."""
    assert list_places()[kind] == set(listed)
