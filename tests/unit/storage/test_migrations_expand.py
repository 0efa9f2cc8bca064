"""Migrations only add, so that replicas of the release before go on while the new one starts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import migrations

_VERSIONS = Path(migrations.__file__).parent / "versions"
_LAST_THAT_MAY = "0027"
"""Up to here a replica of the release before had to be stopped; see `docs/operating.md`."""
CONTRACTS: dict[str, str] = {}
"""Migrations that take away what no release reads any more, and since which release none does."""
_TAKES_AWAY = {
    "drop_column",
    "drop_table",
    "rename_table",
    "alter_column",
    "drop_constraint",
    "create_check_constraint",
    "create_unique_constraint",
    "create_foreign_key",
}
"""What the release before may trip over: something it reads is gone, or what it writes is refused."""


def find_trouble(source: str) -> Iterator[str]:
    """What `upgrade` does that the release before may trip over."""
    (upgrade,) = (
        node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    )
    for text in (node.value for node in ast.walk(upgrade) if isinstance(node, ast.Constant)):
        if isinstance(text, str) and re.search(r"\b(DROP|RENAME|ALTER)\b", text):
            yield "what is written as text"
    for call in (node for node in ast.walk(upgrade) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in _TAKES_AWAY:
            yield name
        if name == "add_column":
            said = {
                word.arg: ast.unparse(word.value) for node in ast.walk(call) for word in getattr(node, "keywords", [])
            }
            if said.get("nullable") == "False" and "server_default" not in said:
                yield "add_column without a default"
        if name == "create_index" and any(word.arg == "unique" for word in call.keywords):
            yield "create_index that refuses rows"


def test_new_migrations_only_add() -> None:
    """One that takes something away says since which release nobody reads it."""
    files = [file for file in sorted(_VERSIONS.glob("0*.py")) if file.name[:4] > _LAST_THAT_MAY]
    found = {file.stem: list(find_trouble(file.read_text(encoding="utf-8"))) for file in files}
    assert {name for name, trouble in found.items() if trouble} == set(CONTRACTS)


@pytest.mark.parametrize(
    ("step", "is_trouble"),
    [
        ("op.add_column('page', sa.Column('a', sa.Text(), nullable=True))", False),
        ("op.add_column('page', sa.Column('a', sa.Text(), nullable=False, server_default=''))", False),
        ("op.add_column('page', sa.Column('a', sa.Text(), nullable=False))", True),
        ("op.create_table('new', sa.Column('id', sa.Text(), nullable=False))", False),
        ("op.create_index('ix', 'page', ['a'])", False),
        ("op.create_index('uq', 'page', ['a'], unique=True)", True),
        ("op.drop_column('page', 'a')", True),
        ("with op.batch_alter_table('page') as page:\n        page.alter_column('a', server_default=None)", True),
        ("op.execute('ALTER TABLE page DROP COLUMN a')", True),
        ("op.rename_table('page', 'site')", True),
    ],
)
def test_what_a_migration_may_not_do(step: str, is_trouble: bool) -> None:
    """Columns with a default or without a value, tables and indexes come; nothing goes, and nothing gets stricter."""
    source = f"def upgrade():\n    {step}\n\n\ndef downgrade():\n    op.drop_column('page', 'a')\n"
    assert bool(list(find_trouble(source))) == is_trouble
