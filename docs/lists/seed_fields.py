"""What a seed file may say of pages and components, and what comes of it."""

from dataclasses import fields

from desk.pages.fields import CONFIGURATION_FIELDS, OWN_FIELDS
from desk.seeds.shape import ComponentSeed, PageSeed
from docs.lists.marks import render_table, words_for

NO_EFFECT = "No effect yet: kept, and shown to clients of the API."
_COLOUR = "A colour, as `1f9d61`, moved until it can be read."
_COLOURS = {
    name
    for name in (*CONFIGURATION_FIELDS, *OWN_FIELDS)
    if name != "css_graph_color" and (name.startswith("css_") or name.endswith("_color"))
}
_NOT_WRITTEN = {"configuration", "takes_back"}
"""Parts of what is read that no file names."""


def render_page_fields() -> str:
    """A table of what stands below `pages`."""
    names = [
        *(one.name for one in fields(PageSeed) if one.name not in _NOT_WRITTEN),
        *CONFIGURATION_FIELDS,
        *OWN_FIELDS,
    ]
    usual = {name: _COLOUR if name in _COLOURS else NO_EFFECT for name in names}
    words = words_for(names, "pages", usual)
    return render_table(("field", "what comes of it"), ((f"`{name}`", words[name]) for name in names))


def render_component_fields() -> str:
    """A table of what stands below `components`."""
    names = [one.name for one in fields(ComponentSeed) if one.name not in _NOT_WRITTEN]
    words = words_for(names, "components", {"automation_email": NO_EFFECT})
    return render_table(("field", "what comes of it"), ((f"`{name}`", words[name]) for name in names))
