"""What is served of the descriptions: both as JSON, and a page on which to read the own one. No key is needed."""

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from handlers.http.description.openapi import Part
from handlers.http.description.own import PREFIX, describe_own_api
from handlers.http.description.reading import read_style, render_page
from handlers.http.description.v1 import PREFIX as V1_PREFIX
from handlers.http.description.v1 import describe_v1
from handlers.http.public.assets import read_static, render_colours
from handlers.http.public.document import Document, make_document
from handlers.http.public.headers import HTML_HEADERS, NO_INDEX, PUBLIC_DATA_HEADERS, SHARED_HEADERS

_STYLE = f"{PREFIX}docs.css"


@lru_cache(maxsize=4)
def make_description_documents(release: str, base_url: str) -> Mapping[str, Document]:
    """The documents by path, of this release, served at an address without a slash at its end.

    Nothing else is in them, and they take 70 ms: a process makes them once, however many applications it has.
    """
    own, v1 = describe_own_api(release), describe_v1(release)
    style = make_document(
        render_colours({}) + read_static("style.css") + read_style(),
        "text/css; charset=utf-8",
        headers=SHARED_HEADERS,
    )
    page = make_document(
        render_page(own, prefix=PREFIX, style=_STYLE, base_url=base_url),
        "text/html; charset=utf-8",
        headers=(*HTML_HEADERS, NO_INDEX),
    )
    documents = {
        f"{PREFIX}openapi.json": _as_json(own),
        f"{V1_PREFIX}openapi.json": _as_json(v1),
        _STYLE: style,
        PREFIX: page,
        PREFIX.rstrip("/"): page,
        f"{PREFIX}docs": page,
    }
    return MappingProxyType(documents)


def _as_json(description: Part) -> Document:
    body = json.dumps(description, ensure_ascii=False).encode()
    return make_document(body, "application/json; charset=utf-8", headers=PUBLIC_DATA_HEADERS)
