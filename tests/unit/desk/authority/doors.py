"""The doors of the desk, found rather than listed: what handlers and the bot call, and what the page port offers."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from sqlalchemy import UpdateBase

from desk.incidents.elsewhere.pages import AtlassianPages
from desk.incidents.port import LocalPages, PagePort
from desk.transaction import Desk, Transaction

ROOT = Path(__file__).parents[4]
_CALLERS = ("handlers", "bot")
_OURS = ("desk.", "storage.")
_SESSION_WRITES = frozenset({"add", "add_all", "delete", "merge"})
_STATEMENTS = frozenset({"insert", "update", "delete"})


@dataclass(frozen=True, slots=True)
class Door:
    """A function of the desk that somebody outside of it calls with a transaction."""

    name: str
    """As in `keys.changes.suspend_key`, or `port.create_incident`."""
    function: Callable[..., Any]
    parameters: Mapping[str, inspect.Parameter]
    """Those after the transaction."""

    @property
    def could_write(self) -> bool:
        """Whether it, or anything of ours that it names, writes in some case. Read from the source."""
        return could_write(self.function)


@cache
def find_doors() -> Mapping[str, Door]:
    """Every door, by name."""
    doors: dict[str, Door] = {}
    for function in _reached():
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("desk.")
        doors |= _door(name, function)
    for name, method in list_port_methods():
        doors |= _door(name, method)
    return doors


def list_port_methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """What each port of pages offers: `port.…` on pages of Keydesk's own, `elsewhere.…` on those of a Statuspage."""
    for name, port in (("port", LocalPages()), ("elsewhere", AtlassianPages())):
        yield from ((f"{name}.{method}", getattr(port, method)) for method in vars(PagePort) if method[0] != "_")


@cache
def list_writing() -> Sequence[Door]:
    """The doors that could write."""
    return [door for door in find_doors().values() if door.could_write]


@cache
def list_reading() -> Sequence[Door]:
    """The doors that only read."""
    return [door for door in find_doors().values() if not door.could_write]


def _door(name: str, function: Callable[..., Any]) -> dict[str, Door]:
    parameters = list(_parameters(function))
    if not parameters or parameters[0].annotation is not Transaction:
        return {}
    return {name: Door(name, function, {each.name: each for each in parameters[1:]})}


def list_session_readers() -> Mapping[str, Callable[..., Any]]:
    """What handlers and the bot call with a bare session, or with a database: it cannot ask who acts."""
    return {
        f"{function.__module__}.{function.__qualname__}".removeprefix("desk."): function
        for function in _reached()
        if next(iter(inspect.signature(function).parameters), "") in {"session", "database"}
    }


def _reached() -> set[FunctionType]:
    """The functions of the desk that a module of handlers or bot imports, or calls by its module."""
    named: set[object] = set()
    for folder in _CALLERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            named |= {one for one in _named_in(ast.parse(path.read_text())) if isinstance(one, FunctionType)}
    found = {one for one in named if isinstance(one, FunctionType) and one.__module__.startswith("desk.")}
    # What is given the whole desk opens its transactions itself: what it names is called for whoever called it.
    openers = [one for one in found if Desk in (each.annotation for each in _parameters(one))]
    return found.union(*(_named_by(one) for one in openers))


def _parameters(function: Callable[..., Any]) -> Iterable[inspect.Parameter]:
    return inspect.signature(function, eval_str=True).parameters.values()


def _source(function: Callable[..., Any]) -> ast.AST:
    code = inspect.unwrap(function).__code__
    return _functions_of(code.co_filename)[code.co_firstlineno]


@cache
def _functions_of(path: str) -> Mapping[int, ast.AST]:
    """The functions of a file, by the line with which each begins."""
    found: dict[int, ast.AST] = {}
    for node in ast.walk(ast.parse(Path(path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[min(one.lineno for one in (node, *node.decorator_list))] = node
        elif isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, node)
    return found


def _named_in(tree: ast.Module) -> Iterator[object]:
    modules: dict[str, ModuleType] = {}
    attributes: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name):
                attributes.append((node.value.id, node.attr))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "desk":
            for alias in node.names:
                thing = _thing(str(node.module), alias.name)
                if isinstance(thing, ModuleType):
                    modules[alias.asname or alias.name] = thing
                yield thing
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("desk") for alias in node.names), "from desk… import …, please"
    yield from (getattr(modules[name], attribute, None) for name, attribute in attributes if name in modules)


def _thing(module: str, name: str) -> object:
    found = getattr(importlib.import_module(module), name, None)
    return importlib.import_module(f"{module}.{name}") if found is None else found


def could_write(function: Callable[..., Any]) -> bool:
    """Whether the function, or any of ours that it names, adds or changes rows. Errs on the side of yes."""
    seen: set[Callable[..., Any]] = set()
    todo = [function]
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        if _writes_itself(one):
            return True
        todo += _named_by(one)
    return False


@cache
def _writes_itself(function: Callable[..., Any]) -> bool:
    in_storage = function.__module__.startswith("storage.")
    if any(_writes(node, in_storage=in_storage) for node in ast.walk(_source(function))):
        return True
    # Statements that are made once stand beside the function.
    return any(isinstance(thing, UpdateBase) for thing in _things_named_by(function))


def _writes(node: ast.AST, *, in_storage: bool) -> bool:
    """Whether the node sets an attribute, makes a statement that writes, or hands something to the session; below the
    desk, also whether it executes anything."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Attribute) for target in targets)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        # What is asked for a page's port is asked for one of its methods, and they write.
        return node.func.id in _STATEMENTS or node.func.id == "port_of"
    if not isinstance(node.func, ast.Attribute) or not ast.unparse(node.func.value).endswith("session"):
        return False
    return node.func.attr in _SESSION_WRITES or (in_storage and node.func.attr == "execute")


@cache
def _named_by(function: Callable[..., Any]) -> Sequence[FunctionType]:
    """The functions of ours that a function names: itself, in a module, or in a table of its module."""
    found: list[FunctionType] = []
    for thing in _things_named_by(function):
        values = thing.values() if isinstance(thing, Mapping) else [thing]
        found += [one for one in values if isinstance(one, FunctionType) and one.__module__.startswith(_OURS)]
    return found


def _things_named_by(function: Callable[..., Any]) -> Iterator[object]:
    """What a function names of its module, or of another one that stands before a dot."""
    names = inspect.unwrap(function).__globals__
    for node in ast.walk(_source(function)):
        if isinstance(node, ast.Name):
            yield names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield getattr(names.get(node.value.id), node.attr, None)
