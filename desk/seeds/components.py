"""The components of a page, brought up to what a file says."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from desk.errors import ConflictError
from desk.identifiers import new_id
from desk.pages.addresses import Addresses
from desk.pages.order import in_order, number
from desk.seeds.changes import Planted, change_row, refuse_other_id, said_of
from desk.seeds.shape import ComponentSeed
from desk.transaction import Transaction
from storage.models import Component, Incident, IncidentComponent, IncidentStatus, Page


class ComponentPlanting:
    """The planting of one page's components.

    What was retired stays so, as somebody decided after the file was written, unless the planting `restores`.
    """

    def __init__(self, tx: Transaction, page: Page, seeds: Sequence[ComponentSeed], *, restores: bool) -> None:
        self._tx = tx
        self._page = page
        self._seeds = seeds
        self._restores = restores
        self._rows = self._list_rows()
        self._movable = self._list_movable()

    def plant(self, done: Planted) -> None:
        """Make what is missing, change what differs, and note both. Raises ConflictError."""
        named: list[Component] = []
        position = 0
        for seed in self._seeds:
            position += 1
            row = self._plant_one(seed, position, None, done)
            named.append(row)
            parts = seed.components or ()
            if row.retired_at is None:
                named += [self._plant_one(part, at, row.id, done) for at, part in enumerate(parts, start=1)]
                continue
            # Its place is free, and what stood in the group stands beside it by now.
            position -= 1
            named += [part for part in map(self._leave, parts) if part is not None]
            done.retired += [self._label(part) for part in parts]
        self._refuse_scattered()
        self._retire_emptied(done, named)
        _put_behind(self._list_rows(), named)
        done.named[self._page.id] = {row.id for row in named}

    def _plant_one(self, seed: ComponentSeed, position: int, group_id: str | None, done: Planted) -> Component:
        values: dict[str, Any] = {
            "name": seed.name,
            "description": seed.description,
            "position": position,
            "group": seed.components is not None,
            "showcase": seed.showcase,
            "only_show_if_degraded": seed.only_show_if_degraded,
            "automation_email": seed.automation_email,
            "start_date": seed.start_date,
        }
        said = said_of(values, seed.takes_back) | {"group_id": group_id, "retired_at": None}
        row = self._find(seed, group_id)
        label = self._label(seed)
        if row is None:
            return self._make(seed, said, done)
        if seed.components is not None and not row.group:
            self._refuse_open(row)
        if row.retired_at is None:
            change_row(self._tx, row, said, done.changed, label, done)
        elif self._restores:
            change_row(self._tx, row, said, done.restored, label, done)
        else:
            done.retired.append(label)
        return row

    def _make(self, seed: ComponentSeed, said: dict[str, Any], done: Planted) -> Component:
        Addresses(self._tx.session).refuse_taken(Component.id, seed.id)
        row = Component(
            id=seed.id or new_id(),
            page_id=self._page.id,
            status=seed.status,
            created_at=self._tx.now,
            updated_at=self._tx.now,
            **said,
        )
        self._tx.session.add(row)
        self._tx.session.flush()
        done.made.append(self._label(seed))
        return row

    def _leave(self, seed: ComponentSeed) -> Component | None:
        """What is listed in a group that is not there, wherever it is."""
        named = (row for row in self._rows if (row.id == seed.id if seed.id else row.name == seed.name))
        return next(named, None)

    def _label(self, seed: ComponentSeed) -> str:
        return f"component {seed.name} of page {self._page.name}"

    def _find(self, seed: ComponentSeed, group_id: str | None) -> Component | None:
        if seed.id is not None:
            row = self._tx.session.get(Component, seed.id)
            if row is not None:
                if row.page_id != self._page.id:
                    raise ConflictError(f"The id {seed.id} belongs to a component of another page.", "Leave it out.")
                return row
        found = next((row for row in self._rows if (row.name, row.group_id) == (seed.name, group_id)), None)
        if found is None and seed.id is None:
            elsewhere = [row for row in self._movable if row.name == seed.name]
            if len(elsewhere) == 1:
                found = elsewhere[0]
                self._movable.remove(found)
        refuse_other_id(found, seed.id, seed.name)
        return found

    def _list_rows(self) -> Sequence[Component]:
        """All that there is, what was retired last."""
        every = select(Component).where(Component.page_id == self._page.id)
        return self._tx.session.scalars(every.order_by(Component.retired_at.is_not(None), Component.id)).all()

    def _list_movable(self) -> list[Component]:
        """Components that the file does not name where they are, perhaps as it took their group back."""
        shown = [row for row in self._rows if row.retired_at is None]
        listed = {row.name: row.id for row in shown if row.group and row.name in {seed.name for seed in self._seeds}}
        named: set[tuple[str, str | None]] = {(seed.name, None) for seed in self._seeds}
        # Nothing is yet in a group that the file makes.
        there = [seed for seed in self._seeds if seed.name in listed]
        named |= {(part.name, listed[seed.name]) for seed in there for part in seed.components or ()}
        return [row for row in shown if (row.name, row.group_id) not in named]

    def _refuse_open(self, row: Component) -> None:
        """A group's state follows from its components: nobody could say how what is open on it ended."""
        about = IncidentComponent.component_id == row.id
        over = Incident.status.in_([IncidentStatus.RESOLVED, IncidentStatus.COMPLETED])
        open_on = select(Incident.name).join(IncidentComponent, IncidentComponent.incident_id == Incident.id)
        name = self._tx.session.scalar(open_on.where(about, ~over).order_by(Incident.created_at).limit(1))
        if name is not None:
            raise ConflictError(
                f"“{row.name}” cannot become a group: “{name}” is open on it.", "Resolve or complete it first."
            )

    def _retire_emptied(self, done: Planted, named: Sequence[Component]) -> None:
        """Statuspage's rule: a group goes with its last component. One that the file lists is there as it says."""
        rows = self._list_rows()
        filled = {row.group_id for row in rows if row.retired_at is None}
        for row in rows:
            if row.group and row.retired_at is None and row.id not in filled and row not in named:
                label = f"group {row.name} of page {self._page.name}, which is empty now"
                change_row(self._tx, row, {"retired_at": self._tx.now}, done.changed, label, done)

    def _refuse_scattered(self) -> None:
        rows = {row.id: row for row in self._list_rows()}
        for row in rows.values():
            if row.retired_at is None and row.group_id is not None and not rows[row.group_id].group:
                raise ConflictError(
                    f"“{rows[row.group_id].name}” is no group in this file, and “{row.name}” is in it.",
                    "List its components as well, where they are to be.",
                )


def _put_behind(rows: Sequence[Component], named: Sequence[Component]) -> None:
    """What the file does not name stands behind what it names."""
    for group_id in {row.group_id for row in rows}:
        siblings = in_order(rows, group_id)
        number(sorted(siblings, key=lambda row: row not in named))
