"""What is said of a call goes on with it; what is said to whoever is at the other end of a connection stays there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.gateway.headers import list_given, list_sent

_NAMES = st.sampled_from(
    [
        *(b"authorization", b"cookie", b"host", b"connection", b"te", b"upgrade", b"transfer-encoding", b"x-a"),
        *(b"content-length", b"x-http-method-override", b"x-forwarded-for", b"accept", b"set-cookie", b"Keep-Alive"),
    ]
)
_HEADERS = st.lists(st.tuples(_NAMES, st.sampled_from([b"a", b"x-a", b"5", b"chunked", b"close, X-A"])), max_size=12)


def test_a_call_keeps_what_it_says_and_bears_our_key() -> None:
    """The caller's key, cookies, place and wishes for another method do not pass."""
    sent = list_sent(
        [
            (b"Authorization", b"OAuth kd_secret"),
            (b"Cookie", b"a=b"),
            (b"Host", b"keydesk.acme.example"),
            (b"User-Agent", b"terraform/1"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"5"),
            (b"X-Forwarded-For", b"10.0.0.1"),
            (b"X-HTTP-Method-Override", b"DELETE"),
            (b"Connection", b"keep-alive, X-Secret"),
            (b"X-Secret", b"of this connection"),
            (b"Idempotency-Key", b"abc"),
        ],
        "real",
    )
    assert sent == [
        (b"user-agent", b"terraform/1"),
        (b"content-type", b"application/json"),
        (b"idempotency-key", b"abc"),
        (b"authorization", b"OAuth real"),
    ]


def test_an_answer_keeps_what_it_says() -> None:
    """Cookies, redirects and what is said of the server are for Keydesk alone."""
    given_ = list_given(
        [
            (b"Content-Type", b"application/json"),
            (b"Content-Encoding", b"gzip"),
            (b"Content-Length", b"20"),
            (b"Retry-After", b"3"),
            (b"ETag", b"x"),
            (b"Set-Cookie", b"session=1"),
            (b"Server", b"AtlassianEdge"),
            (b"Strict-Transport-Security", b"max-age=1"),
            (b"Location", b"https://elsewhere.example"),
            (b"Connection", b"close"),
        ]
    )
    assert dict(given_) == {
        b"content-type": b"application/json",
        b"content-encoding": b"gzip",
        b"content-length": b"20",
        b"retry-after": b"3",
        b"etag": b"x",
    }


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"5"), (b"content-length", b"6")],
    ],
)
def test_an_answer_with_two_ends_is_given_one(headers: list[tuple[bytes, bytes]]) -> None:
    """Where lengths contradict each other, what came is what counts."""
    assert list_given(headers) == []


@given(_HEADERS)
def test_nothing_that_is_ours_or_of_the_connection_passes(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever else is there, and however it is named."""
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    sent, answered = list_sent(headers, "real"), list_given(headers)
    assert [value for name, value in sent if name == b"authorization"] == [b"OAuth real"]
    assert not {b"cookie", b"host", b"content-length", b"x-http-method-override", b"x-forwarded-for"} & {
        name for name, _ in sent
    }
    for listed in (sent[:-1], answered):
        assert not ({b"connection", b"te", b"upgrade", b"transfer-encoding", b"keep-alive"} | named) & {
            name for name, _ in listed
        }
    assert b"set-cookie" not in dict(answered)
    kept = [value for name, value in headers if name == b"accept" and b"accept" not in named]
    assert [value for name, value in sent if name == b"accept"] == kept
