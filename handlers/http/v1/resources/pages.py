"""`GET /pages`, `/pages/{page_id}` and `/pages/{page_id}/components`."""

from collections.abc import Sequence

from desk.keys.check import Need
from handlers.http.answers import Answer
from handlers.http.errors import not_found
from handlers.http.v1.documents import NO_PAGES, Documents, PageDocuments, json_array
from handlers.http.v1.paging import window
from handlers.http.v1.routing import Call, Route
from storage.mirror import Mirror

_READ_PAGES = Need("page_configuration", write=False)
_READ_COMPONENTS = Need("components", write=False)
NEEDS = (_READ_PAGES, _READ_COMPONENTS)
"""What the endpoints need: a scope that none of them needs opens nothing."""


def page_routes(documents: Mirror[Documents]) -> Sequence[Route]:
    """The endpoints that answer from rendered documents, each key from its organization's."""

    def known_to(call: Call) -> PageDocuments:
        return documents.value.get(call.key.organization_id, NO_PAGES)

    async def list_pages(call: Call) -> Answer:
        pages = known_to(call).pages
        if call.key.pages is None:
            return Answer(200, json_array([*pages.values()]))
        return Answer(200, json_array([page for page_id, page in pages.items() if page_id in call.key.pages]))

    async def get_page(call: Call) -> Answer:
        page = known_to(call).pages.get(call.path["page_id"])
        return not_found() if page is None else Answer(200, page)

    async def list_components(call: Call) -> Answer:
        components = known_to(call).components.get(call.path["page_id"])
        return not_found() if components is None else Answer(200, json_array(components[window(call.query)]))

    return (
        Route("GET", "pages", _READ_PAGES, list_pages),
        Route("GET", "pages/{page_id}", _READ_PAGES, get_page),
        Route("GET", "pages/{page_id}/components", _READ_COMPONENTS, list_components),
    )
