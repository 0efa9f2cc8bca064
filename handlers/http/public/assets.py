"""Stylesheet, script and pictures of a page, under addresses that name their content."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

from desk.status_page.models import PageFacts
from handlers.http.public.document import FOREVER, Document, make_document
from handlers.http.public.headers import PICTURE_HEADERS, SHARED_HEADERS
from handlers.http.public.palette import make_themes

_STATIC = Path(__file__).parent / "static"
_DATA = re.compile(r"data:(image/[a-z.+-]+)((?:;[a-z0-9=-]+)*),(.*)", re.IGNORECASE | re.DOTALL)
_KINDS = {
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/x-icon": "ico",
    "image/vnd.microsoft.icon": "ico",
}
_MAX_PICTURE = 512 * 1024


@dataclass(frozen=True, slots=True)
class Assets:
    """Addresses of what a page's HTML refers to, and the documents behind them."""

    style: str
    script: str
    favicon: str
    logo: str | None
    documents: Mapping[str, Document]
    """By path below the page."""


def make_assets(page: PageFacts, base: str) -> Assets:
    """The assets of a page whose documents are below `base`."""
    documents: dict[str, Document] = {}

    def add(name: str, extension: str, body: bytes, content_type: str, *, picture: bool = False) -> str:
        path = f"/assets/{name}-{hashlib.sha256(body).hexdigest()[:12]}.{extension}"
        headers = PICTURE_HEADERS if picture else SHARED_HEADERS
        documents[path] = make_document(body, content_type, cache=FOREVER, headers=headers)
        return base + path

    style = add("style", "css", render_style(page), "text/css; charset=utf-8")
    script = add("page", "js", read_static("page.js"), "text/javascript; charset=utf-8")
    icon = read_picture(page.setting("favicon_logo")) or ("image/svg+xml", render_favicon(page))
    favicon = add("favicon", _KINDS[icon[0]], icon[1], icon[0], picture=True)
    logo = read_picture(page.setting("transactional_logo"))
    logo_address = add("logo", _KINDS[logo[0]], logo[1], logo[0], picture=True) if logo else None
    return Assets(style, script, favicon, logo_address, documents)


def render_style(page: PageFacts) -> bytes:
    """The stylesheet with the page's colours."""
    light, dark = make_themes(page.configuration)
    colours = (
        f":root{{color-scheme:light dark;{light.declarations()}}}\n"
        f"@media (prefers-color-scheme: dark){{:root{{{dark.declarations()}}}}}\n"
        f"@media print{{:root{{color-scheme:light;{light.declarations()}--ground:#fff;--surface:#fff}}}}\n"
    )
    return colours.encode() + read_static("style.css")


def render_favicon(page: PageFacts) -> bytes:
    """Three bars in the page's green."""
    green = make_themes(page.configuration)[0].values["operational-fill"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="{green}">'
        '<rect x="4" y="4" width="24" height="6.5" rx="2"/><rect x="4" y="12.75" width="24" height="6.5" rx="2"/>'
        '<rect x="4" y="21.5" width="24" height="6.5" rx="2"/></svg>'
    ).encode()


def read_picture(address: str) -> tuple[str, bytes] | None:
    """Kind and bytes of a picture that is given as a `data:` address; None for anything else.

    A picture elsewhere would send every reader there, so the configuration must carry it.
    """
    found = _DATA.fullmatch(address)
    if found is None or found.group(1).lower() not in _KINDS:
        return None
    try:
        is_base64 = found.group(2).lower().endswith(";base64")
        body = base64.b64decode(found.group(3), validate=True) if is_base64 else unquote_to_bytes(found.group(3))
    except (binascii.Error, ValueError):
        return None
    return (found.group(1).lower(), body) if 0 < len(body) <= _MAX_PICTURE else None


@cache
def read_static(name: str) -> bytes:
    """A file that is the same on every page."""
    return (_STATIC / name).read_bytes()
