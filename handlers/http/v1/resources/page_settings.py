"""A page's settings, changed, and how its banner for other sites looks."""

from collections.abc import Mapping
from typing import Any

from desk.configuration.page_fields import FLAGS, POLICY_FIELDS
from desk.configuration.pages import edit_page
from desk.pages.fields import EMBED_FIELDS, PAGE_FIELDS
from desk.pages.pages import get_page
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body
from handlers.http.v1.documents import json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.pages import embed_shape, page_shape
from handlers.http.v1.writing import reading, writing
from storage.models import Page

_WORKED_OUT = "activity_score"
SETTABLE = tuple(name for name in ("name", *PAGE_FIELDS) if name not in (_WORKED_OUT, *POLICY_FIELDS))
"""What a client may say of a page."""
_NEEDED = frozenset({"name", "time_zone"})
"""What a page always has: an empty text says nothing of it."""


def page_setting_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations that change a page, and its status embed configuration."""
    change, change_embed = writing(desk, _change_page), writing(desk, _change_embed)
    return {
        ("PUT", "pages/{page_id}"): change,
        ("PATCH", "pages/{page_id}"): change,
        ("GET", "pages/{page_id}/status_embed_config"): reading(desk, _tell_embed),
        ("PUT", "pages/{page_id}/status_embed_config"): change_embed,
        ("PATCH", "pages/{page_id}/status_embed_config"): change_embed,
    }


def _change_page(tx: Transaction, call: Call, body: Body) -> Answer:
    fields = body.fields("page")
    settings: dict[str, Any] = {}
    for name in SETTABLE:
        value = fields.flag(name) if name in FLAGS else fields.text(name)
        if value is not None or (fields.is_empty(name) and name not in _NEEDED):
            settings[name] = value
    with fields.problems.gathered():
        page = edit_page(tx, call.path["page_id"], settings)
    fields.problems.refuse()
    return Answer(200, json_document(page_shape(page)))


def _tell_embed(tx: Transaction, call: Call) -> Answer:
    return _embed(get_page(tx.session, call.path["page_id"]))


def _change_embed(tx: Transaction, call: Call, body: Body) -> Answer:
    fields = body.fields("status_embed_config", bare=EMBED_FIELDS)
    said = {name: fields.text(name) for name in EMBED_FIELDS}
    settings = {_own(name): value for name, value in said.items() if value is not None or fields.is_empty(name)}
    with fields.problems.gathered():
        page = edit_page(tx, call.path["page_id"], settings)
    fields.problems.refuse()
    return _embed(page)


def _embed(page: Page) -> Answer:
    return Answer(200, json_document(embed_shape(page)))


def _own(name: str) -> str:
    return f"status_embed_{name}"
