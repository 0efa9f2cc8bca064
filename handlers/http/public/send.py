"""Sends documents as plain ASGI."""

import json
import re

from handlers.http.answers import Header, Scope, Send
from handlers.http.public.document import Document, make_document, matches
from handlers.http.public.headers import PUBLIC_DATA_HEADERS

_ALLOW: tuple[Header, ...] = ((b"allow", b"GET, HEAD, OPTIONS"), (b"content-length", b"0"))
_CORS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
)


_API = re.compile(r"(/[^/]+)?/api/v2(/.*)?")


def is_api(path: str) -> bool:
    """Whether an address is below the JSON API of a page, which answers everything as JSON that all may read."""
    return _API.fullmatch(path) is not None


def _error(status: int, sentence: str) -> Document:
    body = json.dumps({"error": sentence, "message": sentence}).encode()
    return make_document(body, "application/json; charset=utf-8", headers=PUBLIC_DATA_HEADERS, status=status)


GONE_DATA = _error(410, "The status page that was at this address was removed.")
NO_DATA = _error(404, "There is nothing at this address.")
_NOT_ALLOWED = _error(405, "Only GET, HEAD and OPTIONS are possible here.")


async def send_document(send: Send, document: Document, scope: Scope) -> None:
    """The document to GET, its headers to HEAD, 304 to a reader that has it.

    OPTIONS learns that pages elsewhere may read; any other method gets 405.
    """
    method = scope["method"]
    if method == "OPTIONS":
        await _send(send, 204, (*_ALLOW[:1], *_CORS), b"")
        return
    if method not in ("GET", "HEAD"):
        if is_api(scope["path"]):
            form = _NOT_ALLOWED.form(b"")
            await _send(send, 405, (*form.headers, *_ALLOW[:1]), form.body)
        else:
            await _send(send, 405, _ALLOW, b"")
        return
    accept_encoding, if_none_match = b"", b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accept_encoding = value
        elif name == b"if-none-match":
            if_none_match = value
    form = document.form(accept_encoding)
    status, headers, body = document.status, form.headers, b"" if method == "HEAD" else form.body
    if if_none_match and status == 200 and (if_none_match == form.etag or matches(if_none_match, form.etag)):
        status, headers, body = 304, form.not_modified, b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send(send: Send, status: int, headers: tuple[Header, ...], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
