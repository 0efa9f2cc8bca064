"""Sends documents as plain ASGI."""

from handlers.http.answers import Header, Scope, Send
from handlers.http.public.document import Document, matches

_ALLOW: tuple[Header, ...] = ((b"allow", b"GET, HEAD, OPTIONS"), (b"content-length", b"0"))
_CORS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
)


async def send_document(send: Send, document: Document, scope: Scope) -> None:
    """The document to GET, its headers to HEAD, 304 to a reader that has it.

    OPTIONS learns that pages elsewhere may read; any other method gets 405.
    """
    method = scope["method"]
    if method == "OPTIONS":
        await _send(send, 204, (*_ALLOW[:1], *_CORS), b"")
        return
    if method not in ("GET", "HEAD"):
        await _send(send, 405, _ALLOW, b"")
        return
    accept_encoding, if_none_match = b"", b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accept_encoding = value
        elif name == b"if-none-match":
            if_none_match = value
    form = document.form(accept_encoding)
    if if_none_match and document.status == 200 and matches(if_none_match, form.etag):
        await _send(send, 304, form.not_modified, b"")
        return
    await _send(send, document.status, form.headers, b"" if method == "HEAD" else form.body)


async def _send(send: Send, status: int, headers: tuple[Header, ...], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
