"""The Web API methods by family; each takes the workspace and its arguments and gives the answer's fields."""

from __future__ import annotations

from sandbox.api import apps, auth, chat, conversations, files, usergroups, users, views
from sandbox.api.method import Method

METHODS: dict[str, Method] = {
    **apps.METHODS,
    **auth.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **usergroups.METHODS,
    **users.METHODS,
    **views.METHODS,
}
