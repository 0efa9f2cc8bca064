"""The page port: what can be done to a status page, whichever system keeps its record.

A port only writes rows, within the transaction that it is given: a system that is somewhere else is told afterwards,
by the outbox rows that its port writes beside them. So a change, its audit event and what it causes stay together.
`tests/contract/test_page_port.py` says what every port promises.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from desk.incidents import incidents, postmortems, updates
from desk.incidents.components import set_statuses
from desk.incidents.elsewhere.pages import AtlassianPages
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.transaction import Transaction
from storage.models import Backend, ComponentStatus, Incident, IncidentUpdate, Page


class PagePort(Protocol):
    """Changes of a status page. Every method raises what the functions of the same name raise.

    Every method asks for the permission itself, and raises NotAllowedError before anything is changed: for the role
    that manages such incidents on the page or, to bring components into states, for page configuration. Of keys it
    asks for the scopes that stand for these (`desk.permissions`).
    """

    def create_incident(self, tx: Transaction, page_id: str, new: NewIncident) -> Incident:
        """Open an incident, schedule a maintenance or write down one of the past."""
        ...

    def update_incident(
        self, tx: Transaction, incident_id: str, change: IncidentChange, *, version: int | None = None
    ) -> IncidentUpdate | None:
        """Change an incident; gives the update that this made, if it says something.

        An end brings back no component that it does not name, as Statuspage's own does not: whoever ends an incident
        says in `components` which of them work again, as the preview in Slack does for people.
        """
        ...

    def edit_update(
        self,
        tx: Transaction,
        update_id: str,
        *,
        body: str | None = None,
        deliver_notifications: bool | None = None,
        display_at: datetime | None = None,
    ) -> IncidentUpdate:
        """Correct an update that was published."""
        ...

    def delete_incident(self, tx: Transaction, incident_id: str) -> Incident:
        """Remove an incident and its updates."""
        ...

    def set_statuses(
        self, tx: Transaction, page_id: str, wanted: Mapping[str, ComponentStatus | None]
    ) -> list[dict[str, Any]]:
        """Bring components into states without an incident."""
        ...

    def write_postmortem(self, tx: Transaction, incident_id: str, body: str, *, seen: str | None = None) -> Incident:
        """Keep a postmortem's draft. Without `seen` it replaces whatever there is, as Statuspage's own does; with it,
        only what its author has seen."""
        ...

    def publish_postmortem(self, tx: Transaction, incident_id: str, *, notify_subscribers: bool = True) -> Incident:
        """Make the draft public."""
        ...

    def revert_postmortem(self, tx: Transaction, incident_id: str) -> Incident:
        """Take a public postmortem back; its text stays as the draft."""
        ...

    def delete_postmortem(self, tx: Transaction, incident_id: str) -> Incident:
        """Remove a postmortem, public or not, and its text."""
        ...


class LocalPages:
    """Pages whose record is this database: the embedded status page."""

    create_incident = staticmethod(incidents.create_incident)
    update_incident = staticmethod(incidents.update_incident)
    edit_update = staticmethod(updates.edit_update)
    delete_incident = staticmethod(incidents.delete_incident)
    set_statuses = staticmethod(set_statuses)
    write_postmortem = staticmethod(postmortems.write_postmortem)
    publish_postmortem = staticmethod(postmortems.publish_postmortem)
    revert_postmortem = staticmethod(postmortems.revert_postmortem)
    delete_postmortem = staticmethod(postmortems.delete_postmortem)


_PORTS: Mapping[Backend, PagePort] = {Backend.LOCAL: LocalPages(), Backend.ATLASSIAN: AtlassianPages()}


def port_of(tx: Transaction, page_id: str) -> PagePort:
    """The port of a page."""
    page = tx.session.get(Page, page_id)
    return _PORTS[Backend(page.backend) if page is not None else Backend.LOCAL]
