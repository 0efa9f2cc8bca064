"""`GET /pages`, `/pages/{page_id}` and `/pages/{page_id}/components`."""

from collections.abc import Sequence

from desk.keys.check import Need
from handlers.http.answers import Answer
from handlers.http.errors import not_found
from handlers.http.v1.documents import PageDocuments, json_array
from handlers.http.v1.paging import window
from handlers.http.v1.routing import Call, Route
from storage.mirror import Mirror

_READ_PAGES = Need("page_configuration", write=False)
_READ_COMPONENTS = Need("components", write=False)


def page_routes(documents: Mirror[PageDocuments]) -> Sequence[Route]:
    """The endpoints that answer from rendered documents."""

    async def list_pages(call: Call) -> Answer:
        pages = documents.value.pages
        if call.key.pages is None:
            return Answer(200, json_array([*pages.values()]))
        return Answer(200, json_array([page for page_id, page in pages.items() if page_id in call.key.pages]))

    async def get_page(call: Call) -> Answer:
        page = documents.value.pages.get(call.path["page_id"])
        return not_found() if page is None else Answer(200, page)

    async def list_components(call: Call) -> Answer:
        components = documents.value.components.get(call.path["page_id"])
        return not_found() if components is None else Answer(200, json_array(components[window(call.query)]))

    return (
        Route("GET", "pages", _READ_PAGES, list_pages),
        Route("GET", "pages/{page_id}", _READ_PAGES, get_page),
        Route("GET", "pages/{page_id}/components", _READ_COMPONENTS, list_components),
    )
