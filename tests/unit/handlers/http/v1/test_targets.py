"""One form of a path is decided on, and what could be read in two ways is refused."""

import string
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.v1.targets import normal_path

PLAIN = string.ascii_letters + string.digits + "-_~"


def of(raw: bytes) -> str | None:
    """What is made of these bytes of a request line."""
    return normal_path({"path": unquote(raw.decode("latin-1")), "raw_path": raw})


@pytest.mark.parametrize(
    "raw",
    [
        b"/v1/pages/a%2fb",
        b"/v1/pages/a%2Fb",
        b"/v1/pages/a%5cb",
        b"/v1/pages/a\\b",
        b"/v1/pages/../pages",
        b"/v1/pages/%2e%2e/pages",
        b"/v1/pages/.%2E/pages",
        b"/v1/./pages",
        b"/v1/pages/..",
        b"/v1//pages",
        b"//v1/pages",
        b"/v1/pages//",
        b"/v1/pages;a=b",
        b"/v1/pages%3ba=b",
        b"/v1/pages/\xc3\xbc",
        b"/v1/pages/%c3%bc",
        b"/v1/pages/%C0%AF",
        b"/v1/pages/%00",
        b"/v1/pages/%0d%0aX:y",
        b"/v1/pages/a%20b",
        b"/v1/pages/a b",
        b"/v1/pages/%",
        b"/v1/pages/%zz",
        b"/v1/pages/%252e%252e/x",
        b"/v1/pages%23x",
        b"/v1/pages%3fx=y",
        b"/v1/pages#x",
        b"/v1/pages/a@b",
        b"http://elsewhere.example/v1/pages",
        b"*",
        b"v1/pages",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    """Nothing is made of it."""
    assert of(raw) is None
    assert of(raw + b"/x" * 150) is None


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/v1/pages", "/v1/pages"),
        (b"/v1/pages/", "/v1/pages/"),
        (b"/v1/pages/abc.json", "/v1/pages/abc.json"),
        (b"/v1/pages/abc/component%2Dgroups", "/v1/pages/abc/component-groups"),
        (b"/v1/pages/%61bc%2ejson", "/v1/pages/abc.json"),
        (b"/v1/pages/...", "/v1/pages/..."),
    ],
)
def test_what_means_the_same_is_the_same(raw: bytes, path: str) -> None:
    """Escapes of letters, digits and a few signs mean nothing else than these do."""
    assert of(raw) == path


@given(st.binary(max_size=60))
def test_what_is_left_says_one_thing(tail: bytes) -> None:
    """Taking it apart and putting it together again changes nothing, whoever does so."""
    found = of(b"/v1/" + tail)
    if found is not None:
        assert unquote(found) == found == quote(found)
        assert "" not in found.split("/")[1:-1]
        assert not {".", ".."} & set(found.split("/"))


@given(st.lists(st.text(PLAIN, min_size=1, max_size=12), min_size=1, max_size=6), st.booleans())
def test_every_address_of_plain_signs_is_kept(parts: list[str], escaped: bool) -> None:
    """Whoever escapes every sign means the same address as whoever escapes none."""
    path = "/v1/" + "/".join(parts)
    raw = "/v1/" + "/".join("".join(f"%{ord(sign):02X}" for sign in part) if escaped else part for part in parts)
    assert of(raw.encode()) == path


def test_a_server_that_does_not_tell_the_bytes_is_understood() -> None:
    """The decoded path is all that some give."""
    assert normal_path({"path": "/v1/pages/abc"}) == "/v1/pages/abc"
    assert normal_path({"path": "/v1/pages/a b"}) is None
    assert normal_path({"path": "/v1/pages/a/../b"}) is None
