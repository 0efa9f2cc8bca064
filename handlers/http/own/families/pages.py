"""Pages, components and groups."""

from collections.abc import Sequence

from handlers.http.own.operation import Operation, reads, writes
from handlers.http.own.shapes import pages
from handlers.http.own.shapes.base import Paged, Part, Versioned

_PAGE = "pages/{page_id}"
_COMPONENTS = f"{_PAGE}/components"
_ONE = f"{_COMPONENTS}/{{component_id}}"
OF_PAGES: Sequence[Operation] = (
    reads(
        "pages",
        "The pages that Keydesk itself keeps, by name.",
        Part[pages.PageOf],
        "page_configuration",
        "page list",
        query=Paged,
    ),
    reads(_PAGE, "All that is set of a page.", pages.PageShown, "page_configuration"),
    writes(
        f"{_PAGE}/change",
        "Change its name, addresses, texts and look.",
        pages.PageShown,
        "page_configuration",
        "page texts",
        "page look",
        body=pages.PageChanged,
    ),
    reads(
        _COMPONENTS,
        "What is on a page, in its order; or what was retired.",
        Part[pages.ComponentShown],
        "components",
        "page show",
        "page retired",
        query=pages.ComponentsAsked,
    ),
    reads(_ONE, "One component or group, retired or not.", pages.ComponentShown, "components"),
    writes(
        _COMPONENTS,
        "Make a component.",
        pages.ComponentShown,
        "components",
        "page add",
        body=pages.ComponentMade,
        success=201,
    ),
    writes(
        f"{_PAGE}/groups",
        "Make a group of components.",
        pages.ComponentShown,
        "components",
        "page group",
        body=pages.GroupMade,
        success=201,
    ),
    writes(
        f"{_ONE}/change",
        "Rename, describe, move or hide one, or say how it is; what is not said stays.",
        pages.ComponentShown,
        "components",
        "page change",
        body=pages.ComponentChanged,
        besides=("component_status",),
    ),
    writes(
        f"{_ONE}/retire",
        "Take it off the page; what is past keeps its name.",
        pages.ComponentShown,
        "components",
        "page retire",
        body=Versioned,
    ),
    writes(
        f"{_ONE}/restore",
        "Bring back what was retired.",
        pages.ComponentShown,
        "components",
        "page restore",
        body=pages.ComponentRestored,
    ),
)
