"""How operations write: errors of the desk in HTTP, and the same POST again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from desk.errors import (
    CollisionError,
    ConflictError,
    KeydeskError,
    LateError,
    NoRoomError,
    NotAllowedError,
    NotFoundError,
    Problems,
    UnknownOutcomeError,
)
from desk.identifiers import new_id
from desk.keys.check import Need
from desk.transaction import Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body
from handlers.http.v1.app import ManagementApi
from handlers.http.v1.documents import json_document
from handlers.http.v1.routing import Call, Handler, Route
from handlers.http.v1.writing import Made, creating, reading, writing
from storage.models import IncidentTemplate
from tests.databases import both_databases, url_on_sqlite
from tests.unit.handlers.http.conftest import Site

database_url = url_on_sqlite
"""What calls ask the database is asked of both in `tests/unit/desk`; what only they ask is marked."""

Send = Callable[..., Any]


@asynccontextmanager
async def serving(site: Site, handler: Handler, *, method: str = "POST") -> AsyncIterator[Send]:
    """A function that sends a call with a key to the handler, at `/v1/pages/{page_id}/things`."""
    api = ManagementApi(
        site.app.key_check, [Route(method, "pages/{page_id}/things", Need("incidents", write=False), handler)]
    )
    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        keys = {"": site.key()[1]}

        async def send(path: str = "p", *, by: str = "", headers: Mapping[str, str] = {}, **body: Any) -> Any:
            secret = keys.setdefault(by, site.key()[1] if by not in keys else "")
            all_headers = {"Authorization": f"OAuth {secret}", **headers}
            return await client.request(method, f"/v1/pages/{path}/things", headers=all_headers, **body)

        yield send


def _several() -> KeydeskError:
    problems = Problems()
    for word in ("Name", "Body"):
        problems.add(f"{word} is missing.", "Say it.")
    try:
        problems.refuse()
    except KeydeskError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (_several(), 422, ["Name is missing. Say it.", "Body is missing. Say it."]),
        (NotFoundError("Gone."), 404, "Gone."),
        (NotAllowedError("No.", "Ask."), 403, "No. Ask."),
        (ConflictError("Moved."), 409, "Moved."),
        (LateError(), 503, str(LateError())),
        (NoRoomError(), 503, str(NoRoomError())),
        (CollisionError(), 503, str(CollisionError())),
        (UnknownOutcomeError(lambda: True), 503, str(UnknownOutcomeError(lambda: True))),
        (KeydeskError("Something else."), 422, "Something else."),
    ],
)
@pytest.mark.parametrize("way", [writing, reading])
async def test_what_the_desk_refuses_is_said_in_http(
    site: Site, way: Any, error: KeydeskError, status: int, says: object
) -> None:
    """Each kind has its code, both fields hold the sentence, and what may be tried again says when, in seconds."""

    def refuse(*_given: object) -> Answer:
        raise error

    async with serving(site, way(site.desk, refuse)) as send:
        response = await send(json={})
    assert response.status_code == status
    said = response.json()
    assert said["error"] == says
    assert said["message"] == (" ".join(says) if isinstance(says, list) else says)
    assert (int(response.headers["retry-after"]) > 0) if status == 503 else "retry-after" not in response.headers


@pytest.mark.parametrize("way", [writing, reading])
async def test_a_database_that_is_away_is_503(site: Site, way: Any) -> None:
    """Clients try it again; anything unforeseen is 500 with a reference that is in the log."""

    def away(*_given: object) -> Answer:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    def broken(*_given: object) -> Answer:
        raise ZeroDivisionError

    async with serving(site, way(site.desk, away)) as send:
        response = await send()
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    with capture_logs() as logs:
        async with serving(site, way(site.desk, broken)) as send:
            response = await send()
    assert response.status_code == 500
    assert [one["reference"] in response.json()["error"] for one in logs if one["event"] == "call_failed"] == [True]


async def test_nothing_is_kept_of_what_is_refused(site: Site) -> None:
    """The whole call is one transaction."""
    make, _again = _templates(site)

    def work(tx: Transaction, call: Call, body: Body) -> Answer:
        make(tx, call, body)
        raise ConflictError("Moved.")

    async with serving(site, writing(site.desk, work)) as send:
        assert (await send(site.page().id, json={"name": "x"})).status_code == 409
    assert _count(site) == 0


def _templates(site: Site) -> tuple[Any, Any]:
    """Makes templates, the simplest thing that a POST can make; its name is the mark."""

    def made(template: IncidentTemplate) -> Made:
        return Made(
            Answer(201, json_document({"id": template.id, "name": template.name})), template.id, template.name
        )

    def make(tx: Transaction, call: Call, body: Body) -> Made:
        template = IncidentTemplate(
            id=new_id(),
            page_id=call.path["page_id"],
            name=body.bare.text("name") or "",
            title="",
            body=str(tx.actor),
            created_at=tx.now,
            updated_at=tx.now,
        )
        tx.session.add(template)
        tx.session.flush()
        return made(template)

    def again(tx: Transaction, _call: Call, template_id: str) -> Made | None:
        template = tx.session.get(IncidentTemplate, template_id)
        return None if template is None else made(template)

    return make, again


def _count(site: Site) -> int:
    with site.desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(IncidentTemplate)) or 0


async def test_the_same_post_again_makes_nothing_more(site: Site) -> None:
    """Five tries of one client, as JSON or as a form, make one thing and get the same answer."""
    page = site.page()
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        answers = [await send(page.id, json={"name": "x", "title": "y"}) for _ in range(4)]
        answers += [await send(page.id, data={"title": "y", "name": "x"})]
    assert {(one.status_code, one.content) for one in answers} == {(201, answers[0].content)}
    assert _count(site) == 1


@both_databases
async def test_five_at_the_same_instant_make_one(site: Site) -> None:
    """Whichever is first; the others wait for it."""
    page = site.page()
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        answers = await asyncio.gather(*(send(page.id, json={"name": "x"}) for _ in range(5)))
    assert {(one.status_code, one.content) for one in answers} == {(201, answers[0].content)}
    assert _count(site) == 1


@both_databases
async def test_what_differs_makes_another(site: Site) -> None:
    """Another body, key or page is another thing, and so is the same of which five minutes have passed."""
    page, other = site.page(), site.page(subdomain="other", name="Other")
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        await send(page.id, json={"name": "x"})
        await send(page.id, json={"name": "y"})
        await send(other.id, json={"name": "x"})
        await send(page.id, by="another key", json={"name": "x"})
        assert _count(site) == 4
        site.change(lambda tx: tx.session.execute(text("UPDATE api_post SET made_at = '2001-01-01 00:00:00'")))
        await send(page.id, json={"name": "x"})
        assert _count(site) == 5
        await send(page.id, json={"name": "x"})
        assert _count(site) == 5


@both_databases
@pytest.mark.parametrize("change", ["DELETE FROM incident_template", "UPDATE incident_template SET name = 'other'"])
async def test_what_was_deleted_or_changed_is_made_anew(site: Site, change: str) -> None:
    """What is answered is what there is: never a thing that is not there any more, or is another by now."""
    page = site.page()
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        first = await send(page.id, json={"name": "x"})
        site.change(lambda tx: tx.session.execute(text(change)))
        second = await send(page.id, json={"name": "x"})
        third = await send(page.id, json={"name": "x"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert second.content == third.content


async def test_a_client_may_name_its_calls(site: Site) -> None:
    """With `Idempotency-Key` the name tells calls apart, and a name that was used for another body is refused."""
    page = site.page()
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        one, two = {"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}
        first = await send(page.id, json={"name": "x"}, headers=one)
        assert (await send(page.id, json={"name": "x"}, headers=one)).content == first.content
        assert (await send(page.id, json={"name": "x"}, headers=two)).content != first.content
        refused = await send(page.id, json={"name": "y"}, headers=one)
    assert refused.status_code == 422
    assert "Idempotency-Key" in refused.json()["message"]
    assert _count(site) == 2


async def test_what_could_not_be_made_is_not_remembered(site: Site) -> None:
    """A POST that was refused may go through the next time."""
    page, (make, again) = site.page(), _templates(site)
    refusals = [ConflictError("Moved.")]

    def at_last(tx: Transaction, call: Call, body: Body) -> Made:
        if refusals:
            raise refusals.pop()
        return Made(*make(tx, call, body))

    async with serving(site, creating(site.desk, at_last, again)) as send:
        assert [(await send(page.id, json={"name": "x"})).status_code for _ in range(3)] == [409, 201, 201]
    assert _count(site) == 1


@both_databases
async def test_nothing_personal_is_remembered_of_a_post(site: Site) -> None:
    """Only digests are kept."""
    page = site.page()
    async with serving(site, creating(site.desk, *_templates(site))) as send:
        await send(page.id, json={"name": "ines@example.com"}, headers={"Idempotency-Key": "ines"})
    with site.desk.database.read() as session:
        row = session.execute(text("SELECT fingerprint, content FROM api_post")).one()
    assert all(len(value) == 64 and int(value, 16) for value in row)
