"""Options by which a key is narrowed: to named components, and to calls from named addresses."""

from collections.abc import Sequence
from typing import Annotated

import typer

from desk.incidents.components import get_components_by_words
from desk.transaction import Transaction

Components = Annotated[
    list[str] | None,
    typer.Option("--component", help="Only this component, by id or name. Can be repeated; never given, any."),
]
Networks = Annotated[
    list[str] | None,
    typer.Option("--from", help="Only calls from this address or range. Can be repeated; never given, any."),
]


def components_of(
    tx: Transaction, pages: Sequence[str] | None, words: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Ids of the components that are meant; None where none was named."""
    return get_components_by_words(tx.session, pages, words) if words else None


def networks_of(words: Sequence[str] | None) -> tuple[str, ...] | None:
    """The ranges; None where none was named."""
    return tuple(words) if words else None
