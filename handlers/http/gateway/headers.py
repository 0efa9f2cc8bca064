"""Which headers go through, one way and the other."""

from collections.abc import Iterator, Sequence

from handlers.http.answers import Header

_OF_ONE_CONNECTION = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110, section 7.6.1: they speak of the connection on which they come. So do those that `Connection` names."""
_OF_THE_CALLER = frozenset(
    {
        b"authorization",
        b"cookie",
        b"content-length",
        b"expect",
        b"forwarded",
        b"host",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"via",
    }
)
"""What is Keydesk's to say, is said by nobody, or tells a server to take the call for another one."""
_OF_THE_SERVER = frozenset({b"set-cookie", b"date", b"server", b"alt-svc", b"strict-transport-security", b"location"})
"""What upstream says to whoever calls it, which is Keydesk."""


def list_sent(headers: Sequence[Header], secret: str) -> list[Header]:
    """What upstream is told: what the caller says of the call itself, and Keydesk's own key."""
    kept = [
        (name, value)
        for name, value in _of_the_message(headers)
        if name not in _OF_THE_CALLER and not name.startswith(b"x-forwarded-")
    ]
    return [*kept, (b"authorization", b"OAuth " + secret.encode())]


def list_given(headers: Sequence[Header]) -> list[Header]:
    """What the caller is told: what upstream says of its answer."""
    given = [(name, value) for name, value in _of_the_message(headers) if name not in _OF_THE_SERVER]
    lengths = {value for name, value in given if name == b"content-length"}
    if len(lengths) > 1 or any(name == b"transfer-encoding" for name, _ in headers):
        # Two statements on where the answer ends are two answers for whoever reads it another way.
        given = [(name, value) for name, value in given if name != b"content-length"]
    return given


def _of_the_message(headers: Sequence[Header]) -> Iterator[Header]:
    named = {
        word.strip().lower() for name, value in headers if name.lower() == b"connection" for word in value.split(b",")
    }
    for name, value in headers:
        low = name.lower()
        if low not in _OF_ONE_CONNECTION and low not in named:
            yield low, value
