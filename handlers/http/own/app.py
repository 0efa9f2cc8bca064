"""The own API: its routes, each with a transaction of the desk behind it, and refusals in its own form."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from desk.errors import InvalidInputError, KeydeskError
from desk.incidents.drafts.posting import find_promised
from desk.incidents.lookup import find_incident
from desk.transaction import Actor, Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.auth.budgets import CallCounter
from handlers.http.auth.check import KeyCheck
from handlers.http.bodies import read_members
from handlers.http.errors import answer_to
from handlers.http.own.asked import Asked, Work
from handlers.http.own.operation import Key, Operation
from handlers.http.own.operations import OPERATIONS
from handlers.http.own.resources import drafts, incidents, keys, pages, people, requests, templates, trail
from handlers.http.own.resources.pages import find_shown
from handlers.http.own.shapes.base import Given, Query, Shape
from handlers.http.own.shapes.incidents import DraftShown, IncidentShown, Posted, posted_of
from handlers.http.own.shapes.pages import ComponentShown
from handlers.http.v1.app import ManagementApi
from handlers.http.v1.routing import Call, Handler, Route
from handlers.http.v1.writing import Made, make_once
from storage.deadline import answer_within

PREFIX = "/keydesk/v1/"
_MADE = 201
CALL_SECONDS = 10.0
"""How long the desk has. What it could not do by then was not done."""
_FAMILIES = (pages, incidents, templates, drafts, keys, requests, people, trail)
HANDLERS: Mapping[Key, Work] = {key: work for family in _FAMILIES for key, work in family.HANDLERS.items()}


def create_own_api(
    check: KeyCheck,
    desk: Desk,
    *,
    counter: CallCounter,
    body_seconds: float,
    catch_up: Callable[[], Awaitable[bool]] | None = None,
) -> ManagementApi:
    """Everything below `/keydesk/v1/`; its calls are counted with those of other APIs. Raises ValueError unless each
    operation has its handler."""
    there = {one.key for one in OPERATIONS}
    if there != HANDLERS.keys():
        raise ValueError(f"there is no handler, or no operation, for {sorted(there ^ HANDLERS.keys())}")
    routes = [
        Route(one.method, one.path, one.need, _make_handler(desk, one, HANDLERS[one.key])) for one in OPERATIONS
    ]
    return ManagementApi(
        check,
        routes,
        prefix=PREFIX,
        form=with_hint,
        counter=counter,
        body_seconds=body_seconds,
        catch_up=catch_up,
    )


def _make_handler(desk: Desk, operation: Operation, work: Work) -> Handler:
    async def handle(call: Call) -> Answer:
        try:
            asked = await _read_call(operation, call)
            own, actor = desk.of(call.key.organization_id), Actor.key(call.key.id)
            carry_out = own.read if operation.method == "GET" else own.write
            with answer_within(CALL_SECONDS):
                # What is answered may still ask the database, so it is made before the transaction ends.
                body = await carry_out(actor, lambda tx: _make(tx, call, operation, work, asked))
        except KeydeskError as refusal:
            return refused(refusal)
        return Answer(operation.success, body)

    return handle


def _make(tx: Transaction, call: Call, operation: Operation, work: Work, asked: Asked) -> bytes:
    find = _find_posted if operation.answer is Posted else find_shown if operation.success == _MADE else None
    if find is None or operation.answer not in (Posted, ComponentShown):
        return _document(work(tx, asked))

    def again(made_id: str) -> Made | None:
        there = find(tx, made_id)
        return None if there is None else _made(there)

    return make_once(tx, call, asked.members, lambda: _made(work(tx, asked)), again).body


def _find_posted(tx: Transaction, made_id: str) -> Shape | None:
    # Of what waited, there is the incident by now.
    said = find_incident(tx.session, made_id) or find_promised(tx, made_id)
    return None if said is None else posted_of(tx, said)


def _made(shape: Shape) -> Made:
    said = (shape.draft or shape.incident) if isinstance(shape, Posted) else shape
    assert isinstance(said, DraftShown | IncidentShown | ComponentShown)
    mark = f"{said.version} {said.status}" if isinstance(said, ComponentShown) else str(said.version)
    return Made(Answer(200, _document(shape)), said.id, mark)


def _document(shape: Shape) -> bytes:
    return shape.model_dump_json().encode()


async def _read_call(operation: Operation, call: Call) -> Asked:
    query = _checked(operation.query, call.query, strict=False)
    if operation.body is None:
        return Asked(call.path, None, query)
    members = await read_members(call.headers, call.receive, seconds=call.body_seconds)
    return Asked(call.path, _checked(operation.body, members, strict=True), query, members)


def _checked(model: type[Given] | type[Query], members: Mapping[str, Any], *, strict: bool) -> Any:
    """The members as the model has them. Raises InvalidInputError, with all that is wrong."""
    try:
        # As JSON: there a text is what an enumeration has, and in Python it would be none of it.
        return model.model_validate_json(json.dumps(members), strict=strict)
    except ValidationError as error:
        problems = [_problem(one["loc"], one["type"], one["msg"]) for one in error.errors(include_url=False)]
    first = problems[0]
    first.together = tuple(problems)
    raise first


def _problem(place: Sequence[int | str], kind: str, said: str) -> InvalidInputError:
    name = ".".join(str(part) for part in place)
    if kind == "extra_forbidden":
        return InvalidInputError(f"There is no `{name}` here.", "The description lists what there is.", field=name)
    if kind == "missing":
        return InvalidInputError(f"`{name}` is missing.", field=name)
    said = said.removeprefix("Value error, ")
    return InvalidInputError(f"`{name}`: {said[:1].lower()}{said[1:]}.", field=name)


def refused(refusal: KeydeskError) -> Answer:
    """What the desk's refusal is here: its sentence, its hint, and which member it is about."""
    problems = refusal.together if isinstance(refusal, InvalidInputError) else (refusal,)
    said: dict[str, Any] = {"error": refusal.sentence, "message": refusal.sentence, "hint": refusal.hint}
    field = refusal.field if isinstance(refusal, InvalidInputError) else None
    if field is not None:
        said["field"] = field
    if len(problems) > 1:
        said["problems"] = [str(one) for one in problems]
    return answer_to(refusal)._replace(body=_json(said))


def with_hint(answer: Answer) -> Answer:
    """An error of the guard, in the form of all others here."""
    if answer.status < 400 or not answer.body.startswith(b"{"):
        return answer
    said = json.loads(answer.body)
    return answer if "hint" in said else answer._replace(body=_json(said | {"hint": ""}))


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode(errors="replace")
