"""What each kind of change does at a Statuspage elsewhere, and how it is known to be there already."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from desk.clock import Clock
from desk.incidents.elsewhere.changes import There, note_there
from desk.incidents.elsewhere.forms import ATTACHED, COMPONENTS
from desk.transaction import Transaction
from handlers.delivery.atlassian.answers import (
    find_said,
    list_component_ids,
    list_updates_of,
    read_there,
)
from handlers.delivery.atlassian.failures import RefusedCallError
from handlers.delivery.deliverer import Begin, DeliveryError, Trouble
from handlers.upstream.marks import find_marked, put_mark
from storage.models import ChangeKind

SETTLES = timedelta(seconds=60)
"""So long a call may still be under way of which no answer came: until then it is looked for and not made again."""
_LOOK_EVERY = timedelta(seconds=10)

Call = Callable[..., Awaitable[Any]]
"""`StatuspageCalls.call` of one organization."""


@dataclass(slots=True)
class Parcel(ABC):
    """A change on its way. `at` is the incident's address there; empty of a new one, and of components alone."""

    call: Call
    clock: Clock
    change_id: str
    page: str
    """The page's address."""
    page_id: str
    form: Mapping[str, Any]
    at: str = ""
    mark: Mapping[str, str] = field(default_factory=dict)
    known: Collection[str] = ()
    """Ids there of what else was said of the incident."""
    found: There | None = None

    async def find_arrived(self, since: datetime) -> bool:
        """What does the same however often it is done need not be looked for."""
        return False

    @abstractmethod
    async def send(self, begin: Begin) -> None:
        """Do it there."""

    def note(self, tx: Transaction, *, won: bool) -> None:
        """Keep what it is called there, whoever brought it."""
        note_there(tx, self.change_id, self.found)

    async def _ask(self, path: str) -> Any:
        return await self.call("GET", path)

    def _wait_for_it(self, since: datetime) -> None:
        """Raises DeliveryError while an earlier attempt may still be under way."""
        if self.clock.now() - since < SETTLES:
            raise DeliveryError(Trouble.WAIT, "GET", "perhaps_under_way", wait=_LOOK_EVERY, uncertain=True)


class Creating(Parcel):
    """A new incident, which is known again by the mark in its metadata."""

    async def find_arrived(self, since: datetime) -> bool:
        """By its mark."""
        began = self.form.get("backfill_date")
        oldest = min(since, datetime.fromisoformat(began)) if began else since
        answer = await find_marked(self._ask, self.page_id, self.mark, since=oldest)
        if answer is None:
            self._wait_for_it(since)
            return False
        self._read(answer)
        return True

    async def send(self, begin: Begin) -> None:
        """Open it."""
        body = {"incident": put_mark(self.form, self.mark)}
        self._read(await self.call("POST", f"{self.page}/incidents", body, begin=begin))

    def _read(self, answer: Any) -> None:
        # What was said first.
        said = [str(row["id"]) for row in list_updates_of(answer)][-1:]
        self.found = read_there(answer, next(iter(said), None), "POST")


class Vanished(Creating):
    """A new incident that was deleted here before anybody knew that it is there: it is looked for, and not opened."""

    async def send(self, begin: Begin) -> None:
        """There is nothing to open."""


class Updating(Parcel):
    """A change of an incident. One that says something is known again by its words."""

    async def find_arrived(self, since: datetime) -> bool:
        """By its words, where nothing else says them."""
        if not {"status", "body"} & self.form.keys():
            return False
        answer = await self._ask(self.at)
        said = find_said(answer, self.form, known=self.known, since=since)
        if said is None:
            self._wait_for_it(since)
            return False
        self.found = read_there(answer, said, "PATCH")
        return True

    async def send(self, begin: Begin) -> None:
        """Change what it changes."""
        form = {name: value for name, value in self.form.items() if name != ATTACHED}
        if attached := self.form.get(ATTACHED):
            there = list_component_ids(await self._ask(self.at))
            form["component_ids"] = list(dict.fromkeys([*there, *form.get(COMPONENTS, ()), *attached]))
        if "metadata" in form:
            form = put_mark(form, self.mark)
        answer = await self.call("PATCH", self.at, {"incident": form}, begin=begin)
        self.found = read_there(answer, find_said(answer, self.form, known=self.known), "PATCH")


class Stepping(Updating):
    """A step of a maintenance, which is taken only where its Statuspage has not taken it by itself."""

    async def find_arrived(self, since: datetime) -> bool:
        """It is looked for in any case."""
        return False

    async def send(self, begin: Begin) -> None:
        """Look, and take the step where it was not taken."""
        answer = await self._ask(self.at)
        status = answer.get("status") if isinstance(answer, dict) else None
        begun = {"scheduled"} if self.form["status"] == "in_progress" else {"scheduled", "in_progress", "verifying"}
        if status in begun:
            await Updating.send(self, begin)
            return
        said = next((str(row["id"]) for row in list_updates_of(answer) if row.get("status") == status), None)
        self.found = read_there(answer, said if said not in self.known else None, "GET")


@dataclass(slots=True)
class Correcting(Parcel):
    """A correction of what was said."""

    said_id: str | None = None
    """Its id there, if that is known."""
    said_before: Mapping[str, Any] = field(default_factory=dict)
    """What it said there, by which it is found where its id is not known."""

    async def send(self, begin: Begin) -> None:
        """Find what was said, and correct it."""
        said_id = self.said_id or find_said(await self._ask(self.at), self.said_before, known=self.known)
        if said_id is None:
            raise DeliveryError(Trouble.MESSAGE, "PATCH", "update_not_there")
        path = f"{self.at}/incident_updates/{said_id}"
        await self.call("PATCH", path, {"incident_update": dict(self.form)}, begin=begin)


class Deleting(Parcel):
    """The end of an incident, which is gone already where it is not found."""

    async def send(self, begin: Begin) -> None:
        """Delete it."""
        at = self.at
        if not at:
            # Nobody knows whether it ever came to be there.
            since = datetime.fromisoformat(self.form["since"])
            answer = await find_marked(self._ask, self.page_id, self.mark, since=since)
            if answer is None:
                return
            at = f"{self.page}/incidents/{read_there(answer, None, 'GET').id}"
        await _unless_gone(self.call("DELETE", at, begin=begin))


class BringingStates(Parcel):
    """States of components alone."""

    async def send(self, begin: Begin) -> None:
        """One after another."""
        for component_id, state in self.form[COMPONENTS].items():
            body = {"component": {"status": state}}
            await self.call("PATCH", f"{self.page}/components/{component_id}", body, begin=begin)


class WritingPostmortem(Parcel):
    """A postmortem's draft."""

    async def send(self, begin: Begin) -> None:
        """Replace it."""
        await self.call("PUT", f"{self.at}/postmortem", {"postmortem": dict(self.form)}, begin=begin)


class PublishingPostmortem(Parcel):
    """A postmortem made public, of which subscribers hear once."""

    async def find_arrived(self, since: datetime) -> bool:
        """Where it is public, and nothing else is drafted."""
        found = await self._ask(f"{self.at}/postmortem")
        if isinstance(found, dict) and found.get("published_at"):
            drafted = found.get("body_draft")
            if not drafted or drafted == found.get("body"):
                return True
        self._wait_for_it(since)
        return False

    async def send(self, begin: Begin) -> None:
        """Publish it."""
        await self.call("PUT", f"{self.at}/postmortem/publish", {"postmortem": dict(self.form)}, begin=begin)


class RevertingPostmortem(Parcel):
    """A postmortem taken back."""

    async def find_arrived(self, since: datetime) -> bool:
        """Where it is not public."""
        found = await self._ask(f"{self.at}/postmortem")
        return isinstance(found, dict) and not found.get("published_at")

    async def send(self, begin: Begin) -> None:
        """Take it back."""
        await self.call("PUT", f"{self.at}/postmortem/revert", begin=begin)


class DeletingPostmortem(Parcel):
    """The end of a postmortem."""

    async def send(self, begin: Begin) -> None:
        """Delete it."""
        await _unless_gone(self.call("DELETE", f"{self.at}/postmortem", begin=begin))


@dataclass(slots=True)
class Hindered(Parcel):
    """What cannot go, and why."""

    failure: DeliveryError = field(default_factory=partial(DeliveryError, Trouble.UNKNOWN, "draw", ""))

    async def send(self, begin: Begin) -> None:
        """It goes nowhere."""
        raise self.failure


async def _unless_gone(call: Awaitable[Any]) -> None:
    try:
        await call
    except RefusedCallError as error:
        if error.status != 404:
            raise


PARCELS: Mapping[ChangeKind, type[Parcel]] = {
    ChangeKind.CREATE: Creating,
    ChangeKind.UPDATE: Updating,
    ChangeKind.STEP: Stepping,
    ChangeKind.CORRECT: Correcting,
    ChangeKind.DELETE: Deleting,
    ChangeKind.STATES: BringingStates,
    ChangeKind.WRITE_POSTMORTEM: WritingPostmortem,
    ChangeKind.PUBLISH_POSTMORTEM: PublishingPostmortem,
    ChangeKind.REVERT_POSTMORTEM: RevertingPostmortem,
    ChangeKind.DELETE_POSTMORTEM: DeletingPostmortem,
}
