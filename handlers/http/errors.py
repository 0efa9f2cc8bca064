"""Errors in Statuspage's own shape, each with a sentence for the person who reads the client's log.

The specification names the field `message`, the live service and its clients say `error`: both are there.
"""

import json
from collections.abc import Collection, Sequence

from desk.commands import Naming
from desk.errors import (
    CollisionError,
    ConflictError,
    InvalidInputError,
    KeydeskError,
    LateError,
    NoRoomError,
    NotAllowedError,
    NotFoundError,
    UnknownOutcomeError,
)
from handlers.http.answers import Answer, Header

COULD_NOT_AUTHENTICATE = "Could not authenticate"
KEY_IN_ADDRESS = (
    "The api_key parameter is not accepted: addresses end up in logs, and the key with them."
    " Send it in a header instead, as in: Authorization: OAuth <key>."
    " Then rotate the key, because this address may be in a log already."
)
NOT_FOUND = "The requested resource could not be found."
RETRY_AFTER_SECONDS = 2
"""Clients read whole seconds only."""


class RefusedError(Exception):
    """The call goes no further; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def error_answer(status: int, sentence: str, *headers: Header, problems: Sequence[str] = ()) -> Answer:
    """An error with this sentence as `error` and `message`; where there are `problems`, these are the `error`."""
    body = json.dumps({"error": list(problems) or sentence, "message": sentence}, ensure_ascii=False)
    # A sentence may quote half a character, as somebody sent it.
    return Answer(status, body.encode(errors="replace"), headers)


_CHALLENGE: Header = (b"www-authenticate", b'OAuth realm="Keydesk"')
UNAUTHENTICATED = error_answer(401, COULD_NOT_AUTHENTICATE, _CHALLENGE)
"""One and the same for no key, an unknown one and one that is not active, so that probing tells nothing."""
KEY_IN_ADDRESS_REFUSED = error_answer(401, KEY_IN_ADDRESS, _CHALLENGE)
ADDRESS_AMBIGUOUS = error_answer(
    400,
    "Programs read this address in different ways: write it with single slashes, letters, digits, hyphens and"
    " underscores only, and nothing escaped.",
)
ADDRESS_TOO_LONG = error_answer(414, "This address is longer than any that leads somewhere here.")


def scope_missing(scope: str, resource: str, slash: Naming) -> Answer:
    """403: the key may not do this."""
    kind = resource.replace("_", " ")
    act = "Changing" if scope.endswith(":write") else "Reading"
    return error_answer(
        403,
        f"This key lacks the scope {scope}. {act} {kind} needs it:"
        f" ask for a key that has it with {slash('keys request')} in Slack.",
    )


def page_outside(page_id: str, slash: Naming) -> Answer:
    """403: the key is for other pages."""
    return error_answer(
        403, f"This key is not for the page {page_id}. Ask for one that is with {slash('keys request')} in Slack."
    )


def not_found(sentence: str = NOT_FOUND) -> Answer:
    """404: no such thing."""
    return error_answer(404, sentence)


def method_not_allowed(method: str, allowed: Collection[str]) -> Answer:
    """405, with the methods that there are."""
    methods = ", ".join(allowed)
    return error_answer(405, f"{method} is not possible here; use {methods}.", (b"allow", methods.encode()))


def options(allowed: Collection[str]) -> Answer:
    """204: what can be done here. Browsers of other sites are told nothing more: keys do not belong there."""
    return Answer(204, headers=((b"allow", ", ".join(allowed).encode()),))


def not_confident(retry_after: int) -> Answer:
    """503: Keydesk cannot tell at present which keys are good."""
    return error_answer(
        503,
        "Keydesk cannot check keys at the moment, because it has lost touch with its database. Please try again.",
        (b"retry-after", b"%d" % retry_after),
    )


def too_many_calls(code: int, budget: int, wait: int) -> Answer:
    """420 or 429: the key has called as often as it may, and may again after so many seconds."""
    sentence = f"This key may call {budget} times a minute, and has. Try again in {wait} seconds."
    return error_answer(code, sentence, (b"retry-after", b"%d" % wait))


def try_again(sentence: str) -> Answer:
    """503: not now, and perhaps in a moment."""
    return error_answer(503, sentence, (b"retry-after", b"%d" % RETRY_AFTER_SECONDS))


def answer_to(error: KeydeskError) -> Answer:
    """What the desk's refusal is in HTTP.

    A conflict is 409 and not 422: nothing is wrong with what was sent, and it may go through once its sender has
    looked again. Statuspage uses both, and no client treats one as the other's contrary.
    """
    if isinstance(error, InvalidInputError):
        problems = [str(one) for one in error.together]
        return error_answer(422, " ".join(problems), problems=problems)
    if isinstance(error, CollisionError | LateError | NoRoomError | UnknownOutcomeError):
        return try_again(str(error))
    found = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    return error_answer(next(found, 422), str(error))


_STATUSES = {NotFoundError: 404, NotAllowedError: 403, ConflictError: 409}


def went_wrong(reference: str) -> Answer:
    """500: an error nobody expected; the reference is in the log."""
    return error_answer(
        500, f"Something went wrong on our side. Tell an operator the reference {reference} if it stays so."
    )
