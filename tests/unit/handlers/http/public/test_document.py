"""Documents in their encodings, with their tags."""

import gzip

import brotli
import pytest

from handlers.http.public.document import make_document, matches

LONG = b"<p>All Systems Operational</p>" * 100


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (b"", None),
        (b"gzip, deflate, br", b"br"),
        (b"gzip", b"gzip"),
        (b"GZIP;q=0.5", b"gzip"),
        (b"br;q=0, gzip", b"gzip"),
        (b"br;q=0.0, gzip;q=0", None),
        (b"*", b"br"),
        (b"identity", None),
        (b"zstd, deflate", None),
    ],
)
def test_readers_get_the_best_form_they_understand(accept: bytes, coding: bytes | None) -> None:
    """Brotli before gzip before none, and never a coding that the reader refuses."""
    form = make_document(LONG, "text/html").form(accept)
    headers = dict(form.headers)
    assert headers.get(b"content-encoding") == coding
    assert headers[b"content-length"] == b"%d" % len(form.body)
    unpack = {b"br": brotli.decompress, b"gzip": gzip.decompress, None: bytes}[coding]
    assert unpack(form.body) == LONG


def test_tags_are_strong_and_name_the_form() -> None:
    """The same bytes have the same tag on every machine; every form and every content has another one."""
    document = make_document(LONG, "text/html")
    again = make_document(LONG, "text/html")
    tags = [form.etag for _, form in document.forms]
    assert tags == [form.etag for _, form in again.forms]
    assert len(set(tags)) == 3
    assert all(tag.startswith(b'"') for tag in tags)
    assert make_document(LONG + b"!", "text/html").form(b"").etag not in tags


def test_small_bodies_are_sent_as_they_are() -> None:
    """What encoding would make larger has one form only."""
    assert [coding for coding, _ in make_document(b"{}", "application/json").forms] == [b""]


@pytest.mark.parametrize(
    ("header", "held"),
    [
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b'"x", "abc"', True),
        (b"*", True),
        (b'"abcd"', False),
        (b"abc", False),
        (b"", False),
    ],
)
def test_what_a_reader_holds(header: bytes, held: bool) -> None:
    """Any of the tags of If-None-Match may be the one, also one that a proxy made weak."""
    assert matches(header, b'"abc"') is held
