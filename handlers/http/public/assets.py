"""Stylesheet, script and pictures of a page, under addresses that name their content."""

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from desk.pages.fields import EMBED_CORNERS, EMBED_FIELDS
from desk.pages.pictures import KINDS, read_picture
from desk.status_page.pages import PageFacts
from handlers.http.public.document import FOREVER, Document, make_document
from handlers.http.public.headers import PICTURE_HEADERS, SHARED_HEADERS
from handlers.http.public.palette import find_colour, make_themes

_STATIC = Path(__file__).parent / "static"
_ICO = "image/x-icon"


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
    favicon = add("favicon", KINDS[icon[0]], icon[1], icon[0], picture=True)
    logo = read_picture(page.setting("transactional_logo"))
    logo_address = add("logo", KINDS[logo[0]], logo[1], logo[0], picture=True) if logo else None
    return Assets(style, script, favicon, logo_address, documents)


def render_style(page: PageFacts) -> bytes:
    """The stylesheet with the page's colours."""
    return render_colours(page.configuration) + read_static("style.css")


def render_colours(configuration: Mapping[str, Any]) -> bytes:
    """The colours of a page as custom properties, for light, for dark and for paper."""
    light, dark = make_themes(configuration)
    return (
        f":root{{color-scheme:light dark;{light.declarations()}}}\n"
        f"@media (prefers-color-scheme: dark){{:root{{{dark.declarations()}}}}}\n"
        f"@media print{{:root{{color-scheme:light;{light.declarations()}--ground:#fff;--surface:#fff}}}}\n"
    ).encode()


def render_embed(page: PageFacts) -> bytes:
    """The script of the banner for other sites, with what the page says of its looks."""
    own = {}
    for name in EMBED_FIELDS:
        value = page.setting(f"status_embed_{name}")
        if name == "position" and value in EMBED_CORNERS:
            own[name] = value
        elif name != "position" and (colour := find_colour(value)) is not None:
            own[name] = "#{:02x}{:02x}{:02x}".format(*colour)
    return read_static("embed.js").replace(b"const own = {};", f"const own = {json.dumps(own)};".encode())


def render_favicon(page: PageFacts) -> bytes:
    """Three bars in the page's green."""
    green = make_themes(page.configuration)[0].values["operational-fill"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="{green}">'
        '<rect x="4" y="4" width="24" height="6.5" rx="2"/><rect x="4" y="12.75" width="24" height="6.5" rx="2"/>'
        '<rect x="4" y="21.5" width="24" height="6.5" rx="2"/></svg>'
    ).encode()


def render_icon(page: PageFacts) -> tuple[str, bytes]:
    """`/favicon.ico`, which is asked for without being named: the page's own icon, or the three bars as a picture.

    What is no PNG and no ICO is not put there, since file servers send everything of that name as an ICO.
    """
    kind, body = read_picture(page.setting("favicon_logo")) or ("", b"")
    if KINDS.get(kind) == "ico":
        return _ICO, body
    picture = body if kind == "image/png" else _draw_bars(page)
    entry = struct.pack("<3H4B2H2I", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(picture), 22)
    return _ICO, entry + picture


def _draw_bars(page: PageFacts) -> bytes:
    """The three bars of `render_favicon` as a PNG of 32 by 32."""
    green = bytes.fromhex(make_themes(page.configuration)[0].values["operational-fill"].removeprefix("#"))
    bar, gap = b"\0" * 16 + (green + b"\xff") * 24 + b"\0" * 16, b"\0" * 128
    rows = [bar if any(top <= row < top + 6 for top in (4, 13, 22)) else gap for row in range(32)]

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">2I5B", 32, 32, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@cache
def read_static(name: str) -> bytes:
    """A file that is the same on every page."""
    return (_STATIC / name).read_bytes()
