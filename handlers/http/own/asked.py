"""What an operation is asked, and what it is: one transaction of the desk, in which the key itself acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.transaction import Transaction
from handlers.http.own.shapes.base import Shape


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of an operation. `body` and `query` are of the classes that its row in the table names."""

    path: Mapping[str, str]
    body: Any = None
    query: Any = None
    members: Mapping[str, Any] = field(default_factory=dict)
    """The body as it was sent."""


Work = Callable[[Transaction, Asked], Shape]
