"""What a call carries: JSON or a form, whatever its headers call it, and no more than is quickly taken apart."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from desk.texts import can_be_kept
from handlers.http.answers import Header, Receive, find_header
from handlers.http.errors import RefusedError, error_answer
from handlers.http.forms import read_form, read_parts

MAX_BYTES = 256 * 1024
MOST_SECONDS = 10.0
MAX_DEPTH = 16
MAX_MEMBERS = 5000
"""Values, wherever in the body they stand."""

_JSON_BEGINS = (b"{", b"[", b'"')
_NOTHING: Mapping[str, Any] = {}


async def read_members(
    headers: Sequence[Header], receive: Receive, *, seconds: float = MOST_SECONDS
) -> Mapping[str, Any]:
    """The members of a call's body; none where there is no body. Raises RefusedError (400, 408, 413, 415).

    Clients send JSON without saying so, or call it a form, and say form where there is nothing: what it begins with
    decides.
    """
    raw = (await _read_bytes(headers, receive, seconds)).strip()
    if not raw:
        return _NOTHING
    content_type = find_header(headers, b"content-type")
    kind = content_type.partition(b";")[0].strip().lower()
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if raw.startswith(_JSON_BEGINS) or kind.endswith(b"json"):
        members = _read_json(raw)
    elif kind in (b"", b"application/x-www-form-urlencoded"):
        members = _as_form(read_form, raw)
    elif kind == b"multipart/form-data":
        members = _as_form(partial(read_parts, kind=content_type.decode("latin-1")), raw)
    else:
        raise _refused(415, "Send JSON (application/json) or a form (application/x-www-form-urlencoded).")
    _check_extent(members)
    return members


async def _read_bytes(headers: Sequence[Header], receive: Receive, seconds: float) -> bytes:
    if find_header(headers, b"content-encoding").lower() not in (b"", b"identity"):
        raise _refused(415, "Send the body as it is: compressed ones are not read.")
    said = find_header(headers, b"content-length")
    if said.isdigit() and (len(said) > 12 or int(said) > MAX_BYTES):
        raise _too_large()
    taken = bytearray()
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _refused(400, "The call was given up before its body had come.")
                taken += message.get("body", b"")
                if len(taken) > MAX_BYTES:
                    raise _too_large()
                more = message.get("more_body", False)
    except TimeoutError:
        raise late(seconds) from None
    return bytes(taken)


def _read_json(raw: bytes) -> Mapping[str, Any]:
    try:
        members = json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        said = f"{error}" if isinstance(error, json.JSONDecodeError) else "it cannot be taken apart"
        raise _refused(400, f"The body is no JSON: {said}.") from None
    if not isinstance(members, dict):
        raise _refused(400, "The body must be a JSON object.")
    return members


def _refuse_constant(word: str) -> None:
    raise json.JSONDecodeError(f"{word} is no number", word, 0)


def _as_form(read: Callable[..., Mapping[str, Any]], raw: bytes) -> Mapping[str, Any]:
    try:
        return read(raw, most=MAX_MEMBERS)
    except ValueError as error:
        raise _refused(400, f"The body is no form: {error}.") from None


def _check_extent(members: Mapping[str, Any]) -> None:
    level: list[Any] = [members]
    count = 0
    for _ in range(MAX_DEPTH):
        within = [one for each in level for one in (each.values() if isinstance(each, dict) else each)]
        count += len(within)
        if count > MAX_MEMBERS:
            raise _refused(413, f"The body holds more than {MAX_MEMBERS} values.")
        names = [name for each in level if isinstance(each, dict) for name in each]
        if not all(_can_be_kept(one) for one in (*names, *within)):
            raise _refused(400, "The body holds half a character, a NUL, or a number without an end.")
        level = [one for one in within if isinstance(one, dict | list)]
        if not level:
            return
    raise _refused(400, f"The body is nested more than {MAX_DEPTH} levels deep.")


def _can_be_kept(value: Any) -> bool:
    return can_be_kept(value) if isinstance(value, str) else not isinstance(value, float) or math.isfinite(value)


def late(seconds: float) -> RefusedError:
    """A body that did not come in time."""
    return _refused(408, f"The body did not come within {seconds:g} seconds.")


def _too_large() -> RefusedError:
    return _refused(413, f"The body is larger than the {MAX_BYTES // 1024} KB that are taken.")


def _refused(status: int, sentence: str) -> RefusedError:
    return RefusedError(error_answer(status, sentence))
