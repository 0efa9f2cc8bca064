"""All operations that are there, and what answers them."""

from collections.abc import Mapping

from desk.transaction import Desk
from handlers.http.v1.documents import Documents
from handlers.http.v1.operations import Key
from handlers.http.v1.resources.components import component_handlers
from handlers.http.v1.resources.incident_writes import incident_write_handlers
from handlers.http.v1.resources.incidents import incident_handlers
from handlers.http.v1.resources.page_settings import page_setting_handlers
from handlers.http.v1.resources.pages import page_handlers
from handlers.http.v1.resources.postmortems import postmortem_handlers
from handlers.http.v1.resources.templates import template_handlers
from handlers.http.v1.resources.users import user_handlers
from handlers.http.v1.routing import Handler
from storage.mirror import Mirror


def make_handlers(desk: Desk, documents: Mirror[Documents]) -> Mapping[Key, Handler]:
    """By method and path."""
    return {
        **page_handlers(documents),
        **page_setting_handlers(desk),
        **component_handlers(desk),
        **incident_handlers(desk),
        **incident_write_handlers(desk),
        **postmortem_handlers(desk),
        **template_handlers(desk),
        **user_handlers(desk),
    }
