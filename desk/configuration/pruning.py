"""A seed put into the database, and what it does not name taken off its pages."""

from dataclasses import dataclass

from desk.configuration.components import retire_component
from desk.incidents.components import list_components
from desk.pages.pages import get_page, list_pages
from desk.seeds import Planted, Seed, plant_seed
from desk.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Pruned:
    """What planting and pruning did: names, as people read them."""

    planted: Planted
    retired: list[str]
    other_pages: list[str]
    """Pages that the seed does not name. They stay: a page's address is for ever, and readers come there."""


def prune_seed(tx: Transaction, seed: Seed, *, restores: bool = False) -> Pruned:
    """Plant a seed, and retire the components and groups of its pages that it does not name.

    A page of which it names no component keeps all: it says nothing of them. Raises as `plant_seed`, and
    ConflictError where something open holds what would be retired; then nothing at all is done.
    """
    planted = plant_seed(tx, seed, restores=restores)
    retired = []
    for page_id, named in planted.named.items():
        if named:
            retired += _prune(tx, page_id, named)
    others = [page.name for page in list_pages(tx.session) if page.id not in planted.named]
    return Pruned(planted, retired, others)


def _prune(tx: Transaction, page_id: str, named: set[str]) -> list[str]:
    page = get_page(tx.session, page_id)
    done = []
    # Components first: a group goes with its last one.
    unnamed = [row for row in list_components(tx.session, page_id) if row.id not in named]
    for row in sorted(unnamed, key=lambda row: row.group):
        if row.retired_at is None:
            retire_component(tx, row.id)
        done.append(f"{'group' if row.group else 'component'} {row.name} of page {page.name}")
    return done
