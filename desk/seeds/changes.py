"""What a planting did, and how it brings one row up to what a file says."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from desk.errors import ConflictError
from desk.transaction import Transaction
from storage.models import ApiPosts, Component, Page, SecondPerson


@dataclass(slots=True)
class Planted:
    """What a planting did: names, as people read them."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    """What was retired and is on its page again."""
    retired: list[str] = field(default_factory=list)
    """What the seed names, and was retired: it stays so."""
    left: int = 0
    """How many things were as the seed says already."""
    named: dict[str, set[str]] = field(default_factory=dict)
    """The ids of the components that the seed names, by their page's."""


def refuse_other_id(row: Page | Component | None, wanted: str | None, name: str) -> None:
    if row is not None and wanted is not None and row.id != wanted:
        raise ConflictError(
            f"“{name}” is here already, with the id {row.id}.", f"Give it that id instead of {wanted}."
        )


def change_row(
    tx: Transaction, row: Page | Component, said: dict[str, Any], changed: list[str], label: str, done: Planted
) -> None:
    """Bring a row up to what is said of it, and note that it was changed, or was so already."""
    different = {name: value for name, value in said.items() if getattr(row, name) != value}
    if not different:
        done.left += 1
        return
    for name, value in different.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = tx.now
    tx.session.flush()
    changed.append(label)


_UNSET: dict[str, Any] = {
    **dict.fromkeys(("subdomain", "domain", "url", "page_description", "announcement_channel", "reminder_intervals")),
    "time_zone": "UTC",
    "second_person": SecondPerson.NEVER,
    "second_person_skipped_by": None,
    "api_posts": ApiPosts.PUBLISH,
    **dict.fromkeys(("description", "automation_email", "start_date")),
    "showcase": True,
    "only_show_if_degraded": False,
}
"""What a field is that no file ever set."""


def said_of(values: dict[str, Any], takes_back: Collection[str]) -> dict[str, Any]:
    """What a seed says of these fields: their values, and those that are as if they had never been set."""
    given = {name: value for name, value in values.items() if value is not None}
    return given | {name: _UNSET[name] for name in takes_back if name in values and name in _UNSET}


def without(configuration: dict[str, Any], takes_back: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in configuration.items() if name not in takes_back}
