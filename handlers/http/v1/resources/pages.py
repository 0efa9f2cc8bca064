"""Pages, components and groups, as they are."""

from collections.abc import Mapping

from handlers.http.answers import Answer
from handlers.http.errors import not_found
from handlers.http.v1.documents import Documents, PageDocuments, Rows, json_array
from handlers.http.v1.operations import Key
from handlers.http.v1.paging import window
from handlers.http.v1.routing import Call, Handler
from storage.mirror import Mirror


def page_handlers(documents: Mirror[Documents]) -> Mapping[Key, Handler]:
    """The operations that answer from rendered documents, each key from its organization's."""

    def known_to(call: Call) -> PageDocuments:
        return documents.value.of(call.key.organization_id)

    def list_pages(call: Call) -> Answer:
        pages = known_to(call).pages
        if call.key.pages is None:
            return Answer(200, json_array([*pages.values()]))
        return Answer(200, json_array([page for page_id, page in pages.items() if page_id in call.key.pages]))

    def get_page(call: Call) -> Answer:
        page = known_to(call).pages.get(call.path["page_id"])
        return not_found() if page is None else Answer(200, page)

    def list_components(call: Call) -> Answer:
        return _part(known_to(call).components.get(call.path["page_id"]), call)

    def get_component(call: Call) -> Answer:
        return _one(known_to(call).components.get(call.path["page_id"]), call.path["component_id"])

    def list_groups(call: Call) -> Answer:
        return _part(known_to(call).groups.get(call.path["page_id"]), call)

    def get_group(call: Call) -> Answer:
        return _one(known_to(call).groups.get(call.path["page_id"]), call.path["id"])

    return {
        ("GET", "pages"): list_pages,
        ("GET", "pages/{page_id}"): get_page,
        ("GET", "pages/{page_id}/components"): list_components,
        ("GET", "pages/{page_id}/components/{component_id}"): get_component,
        ("GET", "pages/{page_id}/component-groups"): list_groups,
        ("GET", "pages/{page_id}/component-groups/{id}"): get_group,
    }


def _part(rows: Rows | None, call: Call) -> Answer:
    if rows is None:
        return not_found()
    return Answer(200, rows.within(window(call.query)) if call.query else rows.first)


def _one(rows: Rows | None, row_id: str) -> Answer:
    row = rows.by_id.get(row_id) if rows is not None else None
    return not_found() if row is None else Answer(200, row)
