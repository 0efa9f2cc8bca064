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
_OF_THE_CALL = frozenset(
    {
        b"accept",
        b"accept-charset",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"content-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"pragma",
        b"prefer",
        b"range",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-request-id",
    }
)
"""These alone pass. Programs know more names than anybody could list by which a call is made into another one or its
caller into somebody else, and Rack reads `X_HTTP_METHOD_OVERRIDE` as it does the one with hyphens."""
_OF_ONE_CALLER = frozenset({b"traceparent", b"tracestate", b"user-agent", b"x-request-id"})
"""Of these, those that change nothing in an answer."""
_OF_THE_SERVER = frozenset(
    {
        b"alt-svc",
        b"authorization",
        b"clear-site-data",
        b"date",
        b"location",
        b"refresh",
        b"server",
        b"set-cookie",
        b"strict-transport-security",
        b"www-authenticate",
    }
)
"""What upstream says to whoever calls it, which is Keydesk."""
_OF_PROXIES = (b"x-accel-", b"x-sendfile", b"x-lighttpd-")
"""What a proxy before Keydesk would do something for, such as to send a file of its own."""
_BODILESS = (204, 304)


def list_sent(headers: Sequence[Header], secret: str) -> list[Header]:
    """What upstream is told: what the caller says of the call itself, and Keydesk's own key."""
    kept = [(name, value) for name, value in _of_the_message(headers) if name in _OF_THE_CALL]
    return [*kept, (b"authorization", b"OAuth " + secret.encode())]


def list_deciding(headers: Sequence[Header]) -> tuple[Header, ...]:
    """What of a call's headers its answer may depend on."""
    deciding = _OF_THE_CALL - _OF_ONE_CALLER
    return tuple(sorted(one for one in _of_the_message(headers) if one[0] in deciding))


def list_given(headers: Sequence[Header], *, status: int = 200) -> list[Header]:
    """What the caller is told: what upstream says of its answer."""
    given = [
        (name, value)
        for name, value in _of_the_message(headers)
        if name not in _OF_THE_SERVER and not name.startswith(_OF_PROXIES)
    ]
    lengths = [value for name, value in given if name == b"content-length"]
    if len(lengths) > 1 or status in _BODILESS or any(name == b"transfer-encoding" for name, _ in headers):
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
