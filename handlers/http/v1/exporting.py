"""Everything that the API answers of the pages that Keydesk keeps, as documents for files."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.pages.pages import list_pages
from desk.permissions import require_owner
from desk.transaction import Transaction
from handlers.http.v1.documents import json_document, read_page_documents
from handlers.http.v1.resources.incidents import render_incidents, render_templates
from handlers.http.v1.shapes.incidents import postmortem_shape
from handlers.http.v1.shapes.times import zone_of
from storage.models import Backend, Incident, IncidentTemplate, Page

_AT_ONCE = 200

Document = tuple[str, Iterator[bytes]]
"""A path, and what stands there piece by piece."""


def list_documents(tx: Transaction) -> Iterator[Document]:
    """Each is read while it is asked for, within the transaction: pages, and of each page its components, groups,
    templates, incidents and postmortems (by incident). For owners and operators. Raises NotAllowedError."""
    require_owner(tx)
    own = [page for page in list_pages(tx.session) if page.backend == Backend.LOCAL]
    documents = read_page_documents(tx.session).of(tx.organization)
    yield "pages.json", _array(documents.pages[page.id] for page in own)
    for page in own:
        place = f"pages/{page.id}"
        yield "/".join((place, "page.json")), iter([documents.pages[page.id], b"\n"])
        yield f"{place}/components.json", _array(documents.components[page.id].by_id.values())
        yield f"{place}/component-groups.json", _array(documents.groups[page.id].by_id.values())
        yield f"{place}/incident_templates.json", _array(_templates(tx.session, page))
        yield f"{place}/incidents.json", _array(_incidents(tx.session, page))
        yield f"{place}/postmortems.json", _postmortems(tx.session, page)


def _array(documents: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for place, document in enumerate(documents):
        yield b",\n" if place else b"\n"
        yield document
    yield b"\n]\n"


def _templates(session: Session, page: Page) -> Iterator[bytes]:
    by_name = select(IncidentTemplate).order_by(IncidentTemplate.name, IncidentTemplate.id)
    yield from render_templates(
        session, page, session.scalars(by_name.where(IncidentTemplate.page_id == page.id)).all()
    )


def _incidents(session: Session, page: Page) -> Iterator[bytes]:
    newest = select(Incident.id).where(Incident.page_id == page.id)
    ids = session.scalars(newest.order_by(Incident.created_at.desc(), Incident.number.desc())).all()
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        found = {row.id: row for row in session.scalars(select(Incident).where(Incident.id.in_(part)))}
        yield from render_incidents(session, page, [found[one] for one in part])
        for row in found.values():
            # However many there are, few are in memory.
            session.expunge(row)


def _postmortems(session: Session, page: Page) -> Iterator[bytes]:
    has_one = Incident.postmortem_body_draft.is_not(None) | Incident.postmortem_body.is_not(None)
    written = select(Incident).where(Incident.page_id == page.id, has_one).order_by(Incident.created_at, Incident.id)
    zone = zone_of(page)
    yield b"{"
    for place, row in enumerate(session.scalars(written.execution_options(yield_per=_AT_ONCE))):
        yield b",\n" if place else b"\n"
        yield f'"{row.id}":'.encode() + json_document(postmortem_shape(row, zone))
    yield b"\n}\n"
