"""How large each table and each cache may become. One that nobody has bounded stops the writing."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.lists.marks import render_table, words_for
from docs.lists.modules import parse_modules
from storage.models import Base

LRU_DEFAULT = 128
"""What `functools.lru_cache` keeps where nothing is said."""
_CACHES = ("cache", "lru_cache", "OrderedDict")


def render_tables() -> str:
    """A table of the database's tables."""
    words = words_for(Base.metadata.tables, "tables")
    return render_table(("table", "what bounds it"), ((f"`{name}`", words[name]) for name in sorted(words)))


def render_caches() -> str:
    """A table of what is remembered in memory so as not to be worked out or asked for again."""
    found = find_caches()
    words = words_for((name for name, most in found.items() if most is None), "caches")
    rows = ((f"`{name}`", words[name] if most is None else f"{most:,}") for name, most in sorted(found.items()))
    return render_table(("cache", "at most"), rows)


def find_caches() -> dict[str, int | None]:
    """Where something is remembered, a module's function or class, and how many things at most where that is said
    beside it."""
    return {
        f"{'.'.join(Path(path).with_suffix('').parts)}.{name}": most
        for path, tree in parse_modules("|".join(_CACHES))
        for name, most in _caches_of(tree)
    }


def _caches_of(tree: ast.Module) -> Iterator[tuple[str, int | None]]:
    for node in tree.body:
        for inner in ast.walk(node):
            decorators = inner.decorator_list if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) else []
            for made in (inner, *decorators):
                name = made.func if isinstance(made, ast.Call) else made if made in decorators else None
                if isinstance(name, ast.Name) and name.id in _CACHES:
                    yield _name_of(node), _most_of(made)


def _most_of(made: ast.AST) -> int | None:
    if isinstance(made, ast.Name):
        return LRU_DEFAULT if made.id == "lru_cache" else None
    assert isinstance(made, ast.Call)
    said = [*made.args, *(keyword.value for keyword in made.keywords if keyword.arg == "maxsize")]
    return said[0].value if said and isinstance(said[0], ast.Constant) and isinstance(said[0].value, int) else None


def _name_of(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return str(getattr(node, "name", ""))
