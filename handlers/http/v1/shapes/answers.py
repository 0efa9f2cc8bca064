"""What each operation answers, by the name that Statuspage's description has for it."""

from collections.abc import Mapping

from handlers.http.v1.shapes.components import ComponentShape, GroupShape
from handlers.http.v1.shapes.incidents import IncidentShape, PostmortemShape, TemplateShape, UpdateShape
from handlers.http.v1.shapes.pages import EmbedShape, PageShape
from handlers.http.v1.shapes.uptime import GroupUptimeShape, UptimeShape
from handlers.http.v1.shapes.users import PermissionsShape, UserShape

ANSWERS: Mapping[str, type] = {
    "Page": PageShape,
    "StatusEmbedConfig": EmbedShape,
    "Component": ComponentShape,
    "GroupComponent": GroupShape,
    "ComponentUptime": UptimeShape,
    "ComponentGroupUptime": GroupUptimeShape,
    "Incident": IncidentShape,
    "IncidentUpdate": UpdateShape,
    "Postmortem": PostmortemShape,
    "IncidentTemplate": TemplateShape,
    "User": UserShape,
    "Permissions": PermissionsShape,
}
