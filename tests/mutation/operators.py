"""The small faults that a file offers, and where in it each of them stands."""

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is wrong in a mutant."""

    COMPARISON = "comparison"
    """Turned round, or its boundary moved by one."""
    CONDITION = "condition"
    """Asked the other way round."""
    GUARD = "guard"
    """An `if` that leaves the function or the round of a loop is gone."""
    BOOLEAN = "boolean"
    """`and` and `or` exchanged, or one side gone."""
    RAISE = "raise"
    PERMISSION = "permission"
    """A question that may refuse is not asked."""
    AUDIT = "audit"
    """An event is not written, or as another one."""
    PAYLOAD = "payload"
    """An event does not say something that it should."""
    MESSAGE = "message"
    """A message is not sent, a card not brought up to date, a listener not woken."""
    LOCK = "lock"
    CALL = "call"
    """Another call whose result nobody wants is not made."""
    ASSIGNMENT = "assignment"
    """An attribute is not set, or a column not written."""
    WHERE = "where"
    """A term of a query's condition is gone."""
    CONSTANT = "constant"
    ARITHMETIC = "arithmetic"
    RETURN = "return"
    """Nothing is given back."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small fault: the bytes `start` to `end` of a file are `replacement` instead."""

    path: str
    function: str
    """Qualified name of the outermost function whose body it is in; empty where a module or class is made."""
    statement: str
    """What is made there: the names that the statement around it binds, with blanks between."""
    kind: Kind
    lines: tuple[int, int]
    """Where it stands, and the last line of it; of what follows below a condition or loop, none."""
    start: int
    end: int
    replacement: str
    name: str
    """Stays the same when the file is moved, or changed elsewhere."""

    def applied_to(self, source: bytes) -> bytes:
        """The file with the fault in it."""
        return source[: self.start] + self.replacement.encode() + source[self.end :]


_TURNED: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}
_TURNED_METHODS = {"is_": "is_not", "is_not": "is_", "in_": "not_in", "not_in": "in_"}
_KINDS_OF_CALLS = (
    (Kind.AUDIT, ("record",)),
    (Kind.PERMISSION, ("require", "check", "refuse")),
    (Kind.LOCK, ("lock",)),
    (Kind.MESSAGE, ("send", "refresh", "announce", "tell", "show", "say", "signal", "keys_changed", "pages_changed")),
)
_NO_RULE = ("flush", "log", "debug", "info", "warning", "error", "exception")
"""Calls for the database's sake, and words for whoever reads the log."""
_LOCKS = ("lock", "with_for_update", "skip_locked")
_WRITES = ("values", "transition")
_NOT_WRITTEN = ("allowed", "version")


def list_mutants(path: str, source: bytes) -> list[Mutant]:
    """Every mutant that a file offers, in the order of its text."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda mutant: (mutant.start, mutant.kind, mutant.replacement))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path, self._source = path, source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._scope: list[str] = []
        self._function = self._statement = ""
        self._at = (0, 0)
        self._known: Counter[tuple[str, ...]] = Counter()

    def _offer(self, kind: Kind, node: ast.AST, replacement: str, *, after: ast.AST | None = None) -> None:
        """Instead of the node (or of what of it stands after another one) put `replacement`."""
        start = self._start(node) if after is None else self._end(after)
        end = self._end(node)
        key = (self._function, str(kind), self._source[start:end].decode(), replacement)
        self._known[key] += 1
        name = hashlib.sha256(repr((key, self._known[key])).encode()).hexdigest()[:12]
        where = (self._path, self._function, self._statement)
        self.found.append(Mutant(*where, kind, self._at, start, end, replacement, name))

    def _start(self, node: ast.AST) -> int:
        return self._lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined, no-any-return]

    def _end(self, node: ast.AST) -> int:
        return self._lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined, no-any-return]

    def visit(self, node: ast.AST) -> None:
        """Look at a node, knowing the lines of the statement that it belongs to."""
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        before = self._at
        body = getattr(node, "body", None)
        self._at = (node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno)
        super().visit(node)
        self._at = before

    # Where things stand. Annotations, decorators and assertions are left alone, and so is formatted text: Python 3.11
    # does not rightly tell places in it.

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body:
            self._statement = " ".join(_bound(statement))
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._scope.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self._scope.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        outermost = not self._function
        if outermost:
            self._function = ".".join([*self._scope, node.name])
        for statement in node.body:
            self.visit(statement)
        if outermost:
            self._function = ""

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass

    # What can be wrong.

    def visit_Compare(self, node: ast.Compare) -> None:
        for place, operator in enumerate(node.ops):
            for other in _TURNED[type(operator)]:
                changed = copy.copy(node)
                changed.ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                self._offer(Kind.COMPARISON, node, f"({ast.unparse(changed)})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._offer(Kind.BOOLEAN, node, f"({ast.unparse(ast.BoolOp(other, node.values))})")
        for gone in node.values:
            left = [value for value in node.values if value is not gone]
            self._offer(Kind.BOOLEAN, node, f"({ast.unparse(ast.BoolOp(node.op, left) if left[1:] else left[0])})")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self._turn(node.test)
        leaves = isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
        if leaves and not node.orelse and self._source.startswith(b"if", self._start(node)):
            self._offer(Kind.GUARD, node, "pass")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._turn(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._turn(condition)
        self.generic_visit(node)

    def _turn(self, condition: ast.expr) -> None:
        # A comparison is turned round where it stands.
        if not isinstance(condition, ast.Compare):
            self._offer(Kind.CONDITION, condition, f"(not ({ast.unparse(condition)}))")

    def visit_Raise(self, node: ast.Raise) -> None:
        self._offer(Kind.RAISE, node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant | ast.Compare):
            self._offer(Kind.RETURN, node, "return None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and (name := _name_called(call).lstrip("_")) not in _NO_RULE:
            kinds = (kind for kind, starts in _KINDS_OF_CALLS if name.startswith(starts))
            self._offer(next(kinds, Kind.CALL), node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(target, ast.Attribute) for target in node.targets) and not self._function.endswith(
            "__init__"
        ):
            self._offer(Kind.ASSIGNMENT, node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._offer(Kind.ASSIGNMENT, node, "pass")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add | ast.Sub):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            self._offer(Kind.ARITHMETIC, node, f"({ast.unparse(ast.BinOp(node.left, other, node.right))})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._offer(Kind.CONSTANT, node, str(not node.value))
        elif isinstance(node.value, int | float):
            self._offer(Kind.CONSTANT, node, str(node.value + 1))

    def visit_Call(self, node: ast.Call) -> None:
        name = _name_called(node)
        if name in ("where", "having", "and_", "or_"):
            for term in node.args:
                self._offer(Kind.WHERE, term, "False" if name == "or_" else "True")
        elif name in _TURNED_METHODS and isinstance(node.func, ast.Attribute):
            self._offer(Kind.COMPARISON, node.func, f".{_TURNED_METHODS[name]}", after=node.func.value)
        elif name == "with_for_update" and isinstance(node.func, ast.Attribute):
            self._offer(Kind.LOCK, node, "", after=node.func.value)
        elif name == "record":
            self._change_event(node)
        for keyword in node.keywords:
            if name in _WRITES and keyword.arg not in _NOT_WRITTEN:
                self._offer(Kind.ASSIGNMENT, keyword, "**{}")
            if keyword.arg in _LOCKS and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
                self._offer(Kind.LOCK, keyword.value, "False")
            else:
                self.visit(keyword.value)
        for part in (node.func, *node.args):
            self.visit(part)

    def _change_event(self, call: ast.Call) -> None:
        for part in call.args[1:2]:
            granted = ast.unparse(part) == "Action.ROLE_GRANTED"
            self._offer(Kind.AUDIT, part, "Action.ROLE_REVOKED" if granted else "Action.ROLE_GRANTED")
        for part in call.args[3:4]:
            self._offer(Kind.PAYLOAD, part, '""')
        for keyword in call.keywords:
            self._offer(Kind.PAYLOAD, keyword, "**{}" if keyword.arg is None else f"{keyword.arg}=None")


def _name_called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement.name]
    return [part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
