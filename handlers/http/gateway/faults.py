"""What a caller hears where it is not upstream that answers: whose fault it is, and whether something was done."""

import math

from handlers.http.answers import Answer
from handlers.http.errors import error_answer
from handlers.upstream.client import Fault, UpstreamError

NOT_COME = error_answer(408, "The body did not come to its end in time, so Statuspage did not get it whole.")
TOO_MANY_OF_ONE = error_answer(
    503, "Too many calls of this key to Statuspage are under way at the moment.", (b"retry-after", b"2")
)


def come_later(code: int, retry_after: int) -> Answer:
    """It was not the caller's turn. `code` is 420 or 429."""
    return error_answer(
        code,
        "Statuspage takes about one call a second from this organization, and others were before you.",
        (b"retry-after", b"%d" % retry_after),
    )


def unanswered(base_url: str, error: UpstreamError) -> Answer:
    """The call failed on its way."""
    if error.fault is Fault.CROWDED:
        return error_answer(503, "Too many calls to Statuspage are under way at the moment.", (b"retry-after", b"2"))
    done = (
        "nothing was done" if error.is_harmless else "what you asked for may have been done: look before you repeat"
    )
    how, status = {
        Fault.UNREACHED: ("cannot be reached", 502),
        Fault.UNTRUSTED: ("does not prove who it is: its certificate is not good", 502),
        Fault.SILENT: ("did not answer in time", 504),
        Fault.CUT: ("broke its answer off", 502),
    }[error.fault]
    return error_answer(status, f"Keydesk let this call through, and {base_url} {how}; {done}.")


def fuse_blown(base_url: str, seconds: float) -> Answer:
    """It was not even tried."""
    return error_answer(
        503,
        f"{base_url} has not answered for a while, so this call was not sent. Please try again.",
        (b"retry-after", b"%d" % max(math.ceil(seconds), 1)),
    )


def no_key(base_url: str, *, has_some: bool) -> Answer:
    """None of Keydesk's own is taken, or there is none."""
    if not has_some:
        return error_answer(
            502,
            "Your key is good, but Keydesk has none of its own that it could go on with; 'keydesk upstream show' says"
            " why. Nothing was done.",
        )
    return error_answer(
        502,
        f"Your key is good, but {base_url} does not take Keydesk's own for this call; owners are told of"
        " keys that it takes no more. Nothing was done.",
    )


def odd(base_url: str) -> Answer:
    """The answer's code is none."""
    return error_answer(
        502,
        f"{base_url} answered with a code that Keydesk does not pass on; what you asked for may have been"
        " done: look before you repeat.",
    )


def redirected(base_url: str) -> Answer:
    """It leads elsewhere."""
    return error_answer(502, f"{base_url} sends this call elsewhere, which Keydesk does not follow.")


def tells_key(base_url: str) -> Answer:
    """It says back by which key it was called."""
    return error_answer(
        502,
        f"{base_url} answered with Keydesk's own key, which is passed on to nobody; what you asked for may have been"
        " done: look before you repeat.",
    )


def unsearchable(base_url: str) -> Answer:
    """What is not for this key may be in it."""
    return error_answer(
        502,
        f"{base_url} answered in a form in which Keydesk cannot look for what is not for your key, so it is not"
        " passed on; what you asked for may have been done.",
    )
