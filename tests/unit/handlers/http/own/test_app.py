"""How the own API takes calls, and how it refuses them."""

from typing import Any

import pytest

from handlers.http.own.operations import OPERATIONS
from storage.models import ApiKey
from tests.factories import MIA, add_use
from tests.own_story import ACTOR, OwnApi, said

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _form(refused: dict[str, Any]) -> set[str]:
    return refused.keys() - {"field", "problems"}


async def test_every_refusal_has_one_form(api: OwnApi) -> None:
    """The guard's, the body reader's and the desk's: a sentence under two names, and a hint."""
    caller, blind = api.key("keys:write"), api.key("read")
    target = api.add(holder_id=MIA)
    calls = {
        401: api.client.get("/keydesk/v1/keys"),
        403: blind.get("keys"),
        404: caller.get("keys/nosuchkey000"),
        405: caller.call("PUT", "keys"),
        409: caller.post(f"keys/{target}/restore"),
        400: caller.call("POST", f"keys/{target}/restore", content=b"{"),
        413: caller.call("POST", f"keys/{target}/rename", content=b'{"name": "' + b"x" * 300_000 + b'"}'),
        422: caller.post(f"keys/{target}/suspend", reason=""),
    }
    for code, call in calls.items():
        response = await call
        refused = response.json()
        assert response.status_code == code, refused
        assert _form(refused) == {"error", "message", "hint"}
        assert refused["error"] == refused["message"]
    assert (await api.client.get("/keydesk/v1/nowhere")).status_code == 401
    assert (await caller.get("nowhere")).status_code == 404


async def test_all_that_is_wrong_is_said_at_once(api: OwnApi) -> None:
    """Each problem in a sentence, the first as the error; members that there are not are named."""
    caller = api.key("keys:write")
    refused = (await caller.post("requests", name=1, scopes=["nonsense"], colour="red")).json()
    assert refused["field"] == "name"
    assert [problem.split("`")[1] for problem in refused["problems"]] == ["name", "purpose", "scopes.0", "colour"]
    assert (await caller.get("keys", colour="red")).json()["error"] == "There is no `colour` here."
    assert (await caller.get("keys", per_page="1000")).json()["field"] == "per_page"


async def test_the_desk_s_refusal_names_its_member_and_what_to_do(api: OwnApi) -> None:
    """As a form in Slack would show it at the input."""
    caller, target = api.key("keys:write"), api.add(holder_id=MIA)
    response = await caller.post(f"keys/{target}/keep", until="never", reason="Soon.")
    refused = response.json()
    assert (response.status_code, refused["field"]) == (422, "until")
    assert "Write for example" in refused["hint"]


async def test_a_key_in_use_is_revoked_when_it_is_meant(api: OwnApi) -> None:
    """Without the confirmation the refusal says so, as Slack asks."""
    caller, target = api.key("keys:write"), api.add(holder_id=MIA)

    def use(tx: Any) -> None:
        add_use(tx.session, tx.session.get_one(ApiKey, target), last_used_at=tx.now, reads=1)

    api.desk.write_now(ACTOR, use)
    refused = await caller.post(f"keys/{target}/revoke", reason="Enough.")
    assert (refused.status_code, "was used lately" in refused.json()["error"]) == (409, True)
    assert said(await caller.post(f"keys/{target}/revoke", reason="Enough.", confirmed=True))["state"] == "revoked"


@pytest.mark.parametrize("end", ["suspend", "revoke"])
async def test_a_key_can_end_itself(api: OwnApi, end: str) -> None:
    """A program that leaked its own key stops it: that is answered, and the next call is not."""
    caller = api.key("keys:write")
    ended = said(await caller.post(f"keys/{caller.id}/{end}", reason="It leaked."))
    assert (ended["state"], ended["may"]) == ({"suspend": "suspended", "revoke": "revoked"}[end], [])
    assert (await caller.get("me")).status_code == 401


async def test_what_was_changed_since_is_left_alone(api: OwnApi) -> None:
    """A version says what the sender saw."""
    caller, target = api.key("keys:write"), api.add(holder_id=MIA)
    seen = said(await caller.get(f"keys/{target}"))["version"]
    said(await caller.post(f"keys/{target}/rename", name="one", version=seen))
    refused = await caller.post(f"keys/{target}/rename", name="two", version=seen)
    assert refused.status_code == 409
    assert api.read(target).name == "one"


async def test_uses_are_noted_and_refusals_are_none(api: OwnApi) -> None:
    """As of every API: reading, writing, errors and refusals apart."""
    caller, reader = api.key("keys:write"), api.key("keys:read")
    await caller.get("keys")
    await caller.post("keys/nosuchkey000/restore")
    await reader.post("keys/nosuchkey000/restore")
    await api.app.flush()
    used = {one: said(await caller.get(f"keys/{one}"))["use"] for one in (caller.id, reader.id)}
    assert [used[caller.id][name] for name in ("reads", "writes", "failed", "refused")] == [1, 0, 1, 0]
    assert [used[reader.id][name] for name in ("reads", "writes", "failed", "refused")] == [0, 0, 0, 1]


async def test_what_is_said_again_is_said_once(api: OwnApi) -> None:
    """After a lost answer a client sends the same: it is answered with what there is, as long as that is as it was.
    Whoever means another one says so by an `Idempotency-Key`."""
    caller, path = api.key("incidents:write"), f"pages/{api.page}/incidents"
    down = {"name": "Down", "body": "We look."}
    first = said(await caller.post(path, **down))
    assert said(await caller.post(path, **down)) == first
    other = await caller.call("POST", path, json=down, headers={"Idempotency-Key": "another"})
    assert said(other)["incident"]["id"] != first["incident"]["id"]
    update = f"{path}/{first['incident']['id']}/update"
    assert len(said(await caller.post(update, body="More."))["incident"]["updates"]) == 2
    assert len(said(await caller.post(update, body="More."))["incident"]["updates"]) == 2
    assert said(await caller.post(path, **down))["incident"]["id"] != first["incident"]["id"]


async def test_nonsense_is_refused_everywhere(api: OwnApi) -> None:
    """Whatever is sent to whatever writes: a sentence that says why, and never an error of ours."""
    scopes = ("incidents", "maintenances", "components", "page_configuration", "keys", "users", "deliveries")
    caller = api.key(*(f"{scope}:write" for scope in scopes))
    kinds = ("key", "request", "delivery", "incident", "template", "draft", "component")
    ids = {f"{kind}_id": "nosuchthing0" for kind in kinds} | {"page_id": api.page}
    bodies = (
        b"",
        b"[]",
        b"7",
        b'"x"',
        b'{"a": {"b": []}}',
        b'{"until": "\\ud800"}',
        b'{"reason": null, "name": 1e99}',
    )
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        for body in bodies:
            response = await caller.call("POST", operation.path.format(**ids), content=body)
            accepted = response.status_code == operation.success and not body and operation.path == "roles/sync"
            assert accepted or 400 <= response.status_code < 500, (operation.path, body, response.text)
