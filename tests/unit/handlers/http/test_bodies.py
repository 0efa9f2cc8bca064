"""What calls carry, as clients really send it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.answers import Header, Message
from handlers.http.bodies import MAX_BYTES, MAX_DEPTH, MAX_MEMBERS, read_members
from handlers.http.errors import RefusedError

JSON: Header = (b"content-type", b"application/json; charset=utf-8")
FORM: Header = (b"content-type", b"application/x-www-form-urlencoded")
PARTS: Header = (b"content-type", b'multipart/form-data; boundary="-- x"')


async def read(body: bytes, *headers: Header, step: int = 1 << 20, seconds: float = 10) -> Mapping[str, Any]:
    """What is read of a body that comes in parts of `step` bytes."""
    parts = [body[at : at + step] for at in range(0, len(body), step)] or [b""]

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    return await read_members(headers, receive, seconds=seconds)


async def refused(body: bytes, *headers: Header, **options: Any) -> tuple[int, str]:
    """With what a body is refused; the error is said twice, as every client reads it."""
    with pytest.raises(RefusedError) as caught:
        await read(body, *headers, **options)
    said = json.loads(caught.value.answer.body)
    assert said["error"] == said["message"]
    return caught.value.answer.status, said["error"]


@pytest.mark.parametrize(
    "headers",
    [(JSON,), (), (FORM,), ((b"content-type", b"text/plain"),), ((b"content-type", b"application/hal+json"),)],
)
async def test_json_is_read_whatever_it_is_called(headers: Sequence[Header]) -> None:
    """Clients leave its type away, and curl calls everything a form."""
    assert await read(b' {"incident": {"name": "x"}}\n', *headers) == {"incident": {"name": "x"}}


@pytest.mark.parametrize("headers", [(FORM,), ()])
async def test_forms_are_nested_as_rails_does(headers: Sequence[Header]) -> None:
    """Members in brackets, lists in empty ones, and lists of objects."""
    form = (
        b"incident[name]=Caf%C3%A9+down&incident%5Bcomponent_ids%5D%5B%5D=a&incident[component_ids][]=b"
        b"&incident[components][c1]=partial_outage&incident[components][c2]=&rows[][x]=1&rows[][y]=2&rows[][x]=3"
    )
    assert await read(form, *headers) == {
        "incident": {
            "name": "Café down",
            "component_ids": ["a", "b"],
            "components": {"c1": "partial_outage", "c2": ""},
        },
        "rows": [{"x": "1", "y": "2"}, {"x": "3"}],
    }


@pytest.mark.parametrize("headers", [(JSON,), (FORM,), (), ((b"content-type", b"image/png"),)])
async def test_nothing_is_nothing_whatever_it_is_called(headers: Sequence[Header]) -> None:
    """One client sends every GET and DELETE as a form without a body."""
    assert await read(b"", *headers) == {}
    assert await read(b" \r\n", *headers) == {}


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0[]"), min_size=1, max_size=8)
_LEAVES = _WORDS | st.lists(_WORDS, min_size=1, max_size=4)
_MEMBERS = st.dictionaries(
    _NAMES, st.recursive(_LEAVES, lambda inner: st.dictionaries(_NAMES, inner, min_size=1, max_size=3), max_leaves=6)
)


def in_pairs(value: Any, name: str) -> list[tuple[str, str]]:
    """The fields of a form that say the same."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in in_pairs(inner, f"{name}[{key}]" if name else key)]
    if isinstance(value, list):
        return [(f"{name}[]", one) for one in value]
    return [(name, value)]


def in_parts(pairs: Sequence[tuple[str, str]]) -> bytes:
    """The same fields, a part for each, as programs send them that might send files."""
    escaped = [(name.replace("\\", "\\\\").replace('"', '\\"'), value) for name, value in pairs]
    parts = [f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in escaped]
    return "".join(f"---- x{part}" for part in [*parts, "--\r\n"]).encode()


@given(_MEMBERS, st.integers(1, 50))
def test_json_and_form_say_the_same(members: dict[str, Any], step: int) -> None:
    """Whatever members a call carries, and in however many parts they come."""
    form = "&".join(f"{quote(name)}={quote(value)}" for name, value in in_pairs(members, "")).encode()
    plain, escaped = (json.dumps(members, ensure_ascii=way).encode() for way in (False, True))
    for body, kind in ((form, FORM), (in_parts(in_pairs(members, "")), PARTS), (plain, JSON), (escaped, JSON)):
        assert asyncio.run(read(body, kind, step=step)) == members


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "no JSON"),
        (b"[1]", 400, "must be a JSON object"),
        (b'"incident"', 400, "must be a JSON object"),
        (b'{"a": NaN}', 400, "NaN is no number"),
        (b'{"a": -Infinity}', 400, "no number"),
        (b'{"a": 1e999}', 400, "a number without an end"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "cannot be taken apart"),
        (b'{"a": "\xff"}', 400, "no JSON"),
        (b'{"a": "\\ud800"}', 400, "half a character"),
        (b'{"a\\u0000": 1}', 400, "a NUL"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, 400, ""),
        (b"[" * 100_000, 400, "cannot be taken apart"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", 400, f"more than {MAX_DEPTH} levels"),
        (json.dumps({"a": [1] * MAX_MEMBERS}).encode(), 413, f"more than {MAX_MEMBERS} values"),
        (b"a=%00", 400, "a NUL"),
        (b"a=%ff", 400, "no form"),
        (b"a[b=1", 400, "no name of a field"),
        (b"=1", 400, "no name of a field"),
        (b"a=1&a[b]=2", 400, "given as something else"),
        (b"a[b]=1&a[]=2", 400, "given as something else"),
        (b"a[b][c]=1&a[b]=2&a[b][c]=3", 400, "given as something else"),
        (b"&".join([b"a[]=1"] * (MAX_MEMBERS + 1)), 400, "no form"),
        (b"a" + b"[b]" * MAX_DEPTH + b"=1", 400, f"more than {MAX_DEPTH} levels"),
        (b" " * (MAX_BYTES + 1), 413, "larger than the 256 KB"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_words(body: bytes, status: int, says: str) -> None:
    """Nothing that somebody sends is an error of ours."""
    answered = await refused(body, step=4096)
    assert answered[0] == status
    assert says in answered[1]


async def test_what_is_said_to_be_large_is_not_waited_for() -> None:
    """Its length is enough, were it a number of many digits."""
    for length in (b"%d" % (MAX_BYTES + 1), b"9" * 5000):
        assert (await refused(b"", (b"content-length", length)))[0] == 413


_PART = b'--x\r\ncontent-disposition: form-data; name="a"'


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        (b"multipart/form-data", _PART + b"\r\n\r\n1\r\n--x--", "names no boundary"),
        (b"multipart/form-data; boundary=x", _PART + b"\r\n\r\n1\r\n", "does not end"),
        (b"multipart/form-data; boundary=x", _PART + b"\r\n\r\n1\r\n--x", "does not end"),
        (b"multipart/form-data; boundary=x", b"a=1", "does not end"),
        (b"multipart/form-data; boundary=x", _PART + b"\r\n1\r\n--x--", "has no name"),
        (b"multipart/form-data; boundary=x", b"--x\r\nx: y\r\n\r\n1\r\n--x--", "has no name"),
        (b"multipart/form-data; boundary=x", _PART + b"\r\n\r\n\xff\r\n--x--", "not UTF-8"),
        (b"multipart/form-data; boundary=x", _PART + b'; filename="b"\r\n\r\n1\r\n--x--', "is a file"),
        (b"multipart/form-data; boundary=x", b"--x\r\n" * (MAX_MEMBERS + 2) + b"--x--", "too many parts"),
    ],
)
async def test_parts_that_cannot_be_read_are_refused_in_words(kind: bytes, body: bytes, says: str) -> None:
    """No end, no name, no text: 400, and a file is not taken for one."""
    status, said = await refused(body, (b"content-type", kind))
    assert (status, says in said) == (400, True), said


async def test_other_kinds_are_refused_by_name() -> None:
    """Pictures and compressed bodies get 415."""
    assert (await refused(b"PNG", (b"content-type", b"image/png")))[0] == 415
    assert (await refused(b"\x1f\x8b", (b"content-encoding", b"gzip")))[0] == 415


async def test_who_sends_too_slowly_is_told_so() -> None:
    """408 once the time is over, and 400 to nobody who hung up."""

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    for receive, status in ((never, 408), (gone, 400)):
        with pytest.raises(RefusedError) as caught:
            await read_members((), receive, seconds=0.01)
        assert caught.value.answer.status == status
