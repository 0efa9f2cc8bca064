"""The address that moves a component's state shows only to keys that may move it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from desk.keys.ring import RingKey
from handlers.http.gateway.hiding import asking_openly, hide, is_hidden_from
from handlers.http.gateway.replies import Reply, Rest
from storage.models import KeyStatus

URL = "https://statuspage.acme.example"
READER = RingKey(
    "kkkkkkkkkkk1",
    "ooooooooooo1",
    1,
    KeyStatus.ACTIVE,
    frozenset({"read"}),
    None,
    None,
    datetime(2030, 1, 1, tzinfo=UTC),
    None,
)
STATES = replace(READER, scopes=frozenset({"read", "component_status:write"}))
API = {"id": "aaaaaaaaaaaa", "name": "API", "automation_email": "api@automation.example"}
WEB = {"id": "bbbbbbbbbbbb", "name": "Web – “new”", "automation_email": "web@automation.example"}


def shown(key: RingKey, said: Any) -> Any:
    """What the key sees of an answer."""
    body = json.dumps(said).encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"etag", b"x"), (b"x-runtime", b"1")]
    reply = hide(Reply(200, headers, body), key, URL)
    assert dict(reply.headers)[b"content-length"] == b"%d" % len(reply.body)
    return json.loads(reply.body)


def test_who_moves_states_sees_where_one_writes_to() -> None:
    """Others see the member without its value, wherever in an answer it stands; of the rest, all."""
    assert not is_hidden_from(STATES)
    for said in ([API, WEB], {"incident": {"components": [API]}}, API):
        seen = json.dumps(shown(READER, said))
        assert "automation.example" not in seen
        assert json.loads(seen.replace("null", '"x"')) == json.loads(
            json.dumps(said).replace(API["automation_email"], "x").replace(WEB["automation_email"], "x")
        )


def test_a_key_for_certain_components_sees_theirs() -> None:
    """And of others as little as one that only reads."""
    narrow = replace(STATES, components=frozenset({API["id"]}))
    assert is_hidden_from(narrow)
    assert [one["automation_email"] for one in shown(narrow, [API, WEB])] == [API["automation_email"], None]
    assert shown(replace(narrow, scopes=READER.scopes), [API])[0]["automation_email"] is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, [(b"content-encoding", b"gzip")], b"\x1f\x8b"),
        Reply(200, [], b"automation_email: a@b.example"),
        Reply(200, [], b"{", Rest(None, None)),  # type: ignore[arg-type]
    ],
    ids=["compressed", "no JSON", "long"],
)
def test_what_cannot_be_looked_through_is_not_passed_on(reply: Reply) -> None:
    """Nobody knows what is in it. It was not asked for either."""
    assert hide(reply, READER, URL).status == 502
    assert asking_openly([(b"accept-encoding", b"gzip"), (b"range", b"bytes=1-"), (b"accept", b"a")]) == [
        (b"accept", b"a")
    ]
