"""Keys that change keys: as far as their holders could, on their pages, and never to their own gain."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.keys.changes import extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.details import show_key, show_keys
from desk.keys.lookup import KeyFilter
from desk.keys.questions import decline_extension, keep_key
from desk.keys.rotation import begin_rotation
from desk.keys.takeovers import TakeoverError
from desk.keys.tickets import list_collectable
from desk.requests.approvals import approve
from desk.requests.lookup import list_pending_requests
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.transaction import Actor, Desk, Transaction
from storage.models import Member, Scope, SlackMessage
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, add_key, add_member, add_owner, add_page

DAY = timedelta(days=1)
OPERATOR = Actor.operator("test")
MANAGES = ["keys:write"]


@pytest.fixture
def pages(desk: Desk) -> tuple[str, str]:
    """Two pages; Olivia is an owner, Mia and Max are members."""

    def prepare(tx: Transaction) -> tuple[str, str]:
        add_owner(tx.session, OLIVIA, tx.now, name="Olivia")
        for user_id, name in ((MIA, "Mia"), (MAX, "Max")):
            add_member(tx.session, user_id, tx.now, name=name)
        return (
            add_page(tx.session, tx.now, subdomain="one").id,
            add_page(tx.session, tx.now, name="Two", subdomain="two").id,
        )

    return desk.write_now(OPERATOR, prepare)


def key(desk: Desk, **values: Any) -> Actor:
    """A new key, as an actor."""
    return Actor.key(desk.write_now(OPERATOR, lambda tx: add_key(tx.session, tx.now, **values).id))


def act(desk: Desk, actor: Actor, work: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """`work` in a transaction of the actor's."""
    return desk.write_now(actor, lambda tx: work(tx, *args, **values))


def test_a_key_changes_what_its_holder_could(desk: Desk, pages: tuple[str, str]) -> None:
    """By an owner's key any other is changed; by a member's only those that they answer for, and as holders may."""
    of_owner, of_member = key(desk, scopes=MANAGES, holder_id=OLIVIA), key(desk, scopes=MANAGES, holder_id=MIA)
    of_mia, of_max = key(desk, holder_id=MIA).id, key(desk, holder_id=MAX).id
    until = desk.clock.now() + 200 * DAY
    act(desk, of_owner, extend_key, of_max, until)
    act(desk, of_owner, transfer_key, of_max, MIA)
    act(desk, of_owner, transfer_key, of_max, MAX)
    act(desk, of_member, rename_key, of_mia, "anew")
    for work, args in ((rename_key, (of_max, "anew")), (extend_key, (of_mia, until)), (transfer_key, (of_mia, MAX))):
        with pytest.raises(NotAllowedError, match="Whoever answers for this key could not"):
            act(desk, of_member, work, *args)


def test_a_key_follows_its_holder_at_that_instant(desk: Desk, pages: tuple[str, str]) -> None:
    """Once nobody answers for it, or they have left, a key changes no key any more; what it may read, it reads."""
    other = key(desk, holder_id=OLIVIA).id
    lonely, left = key(desk, scopes=MANAGES, holder_id=None), key(desk, scopes=MANAGES, holder_id=OLIVIA)
    act(desk, left, rename_key, other, "anew")

    def leave(tx: Transaction) -> None:
        tx.session.get_one(Member, OLIVIA).is_deleted = True

    desk.write_now(OPERATOR, leave)
    for actor in (lonely, left):
        with pytest.raises(NotAllowedError):
            act(desk, actor, suspend_key, other, reason="Because.")
        assert desk.read_now(actor, lambda tx: show_key(tx, other)).key.name == "anew"


@both_databases
def test_a_key_never_touches_one_that_reaches_further(desk: Desk, pages: tuple[str, str]) -> None:
    """A key for one page neither sees nor changes keys for another, for more pages, or for all."""
    one, two = pages
    actor = key(desk, scopes=MANAGES, holder_id=OLIVIA, pages=[one])
    near = key(desk, name="near", pages=[one]).id
    far = [key(desk, name=f"far {index}", pages=reach).id for index, reach in enumerate(([two], [one, two], None))]
    for key_id in far:
        with pytest.raises(NotAllowedError, match="that this key is not for"):
            act(desk, actor, suspend_key, key_id, reason="Because.")
        with pytest.raises(NotAllowedError, match="that this key is not for"):
            desk.read_now(actor, partial(show_key, key_id=key_id))
    found = desk.read_now(actor, lambda tx: show_keys(tx, KeyFilter(), offset=0, limit=10))
    assert {shown.key.id for shown in found.keys} == {near, actor.id}
    assert found.total == 2
    act(desk, actor, suspend_key, near, reason="Because.")


def test_a_key_for_some_components_changes_none_for_others(desk: Desk, pages: tuple[str, str]) -> None:
    """Of keys that change components, or say something of them, and of its own wishes: none is for others."""
    one, _ = pages
    actor = key(
        desk, scopes=[*MANAGES, "incidents:write"], holder_id=OLIVIA, pages=[one], components=["component001"]
    )
    of_any = {"scopes": ["component_status:write"], "pages": [one]}
    near, reads = key(desk, **of_any, components=["component001"]).id, key(desk, scopes=["read"], pages=[one]).id
    for far in (key(desk, **of_any).id, key(desk, **of_any, components=["component001", "component002"]).id):
        with pytest.raises(NotAllowedError, match="that this key is not for"):
            act(desk, actor, suspend_key, far, reason="Because.")
    for key_id in (near, reads):
        act(desk, actor, suspend_key, key_id, reason="Because.")
    with pytest.raises(NotAllowedError, match="for components that this key is not for"):
        act(desk, actor, make_request, _asked(one, scopes=(Scope.COMPONENT_STATUS_WRITE,)))


@pytest.mark.parametrize("scope", ["keys:write", "users:write"])
def test_keys_that_manage_get_nothing_from_keys(desk: Desk, pages: tuple[str, str], scope: str) -> None:
    """Neither itself nor another key that can change keys or roles lives longer, is kept, restored or transferred by
    a key; to stop one, or to have its holder collect a new one, is no gain."""
    actor, other = key(desk, scopes=MANAGES, holder_id=OLIVIA), key(desk, scopes=[scope], holder_id=OLIVIA)
    until = desk.clock.now() + 200 * DAY
    for key_id in (actor.id, other.id):
        for work, args in ((extend_key, (until,)), (keep_key, (until, "Because.")), (transfer_key, (MAX,))):
            with pytest.raises(NotAllowedError, match="No key can do that"):
                act(desk, actor, work, key_id, *args)
    act(desk, actor, begin_rotation, actor.id)
    act(desk, actor, suspend_key, other.id, reason="Because.")
    with pytest.raises(NotAllowedError, match="No key can do that"):
        act(desk, actor, restore_key, other.id)
    act(desk, actor, revoke_key, actor.id, reason="Enough.")


def test_reading_and_writing_are_scopes_of_their_own(desk: Desk, pages: tuple[str, str]) -> None:
    """`keys:read` changes nothing, and other scopes do not even look."""
    other = key(desk).id
    reads, blind = key(desk, scopes=["keys:read"], holder_id=OLIVIA), key(desk, scopes=["read"], holder_id=OLIVIA)
    assert desk.read_now(reads, lambda tx: show_key(tx, other)).allowed == {"see"}
    with pytest.raises(NotAllowedError):
        act(desk, reads, rename_key, other, "anew")
    for look in (lambda tx: show_key(tx, other), lambda tx: show_keys(tx, KeyFilter(), offset=0, limit=10)):
        with pytest.raises(NotAllowedError):
            desk.read_now(blind, look)


def test_no_key_restores_what_somebody_else_stopped(desk: Desk, pages: tuple[str, str]) -> None:
    """A member's key restores what it suspended itself, and not what an owner did."""
    actor, target = key(desk, scopes=MANAGES, holder_id=MIA), key(desk, holder_id=MIA).id
    act(desk, actor, suspend_key, target, reason="Leaked?")
    act(desk, actor, restore_key, target)
    act(desk, Actor.member(OLIVIA), suspend_key, target, reason="Leaked.")
    with pytest.raises(NotAllowedError, match="an owner has to restore it"):
        act(desk, actor, restore_key, target)


def test_no_key_answers_a_wish(desk: Desk, pages: tuple[str, str]) -> None:
    """To decline more time is an owner's word, which a key of theirs does not have."""
    actor, target = key(desk, scopes=MANAGES, holder_id=OLIVIA), key(desk, holder_id=MIA).id
    with pytest.raises(NotAllowedError, match="No key can do that"):
        act(desk, actor, decline_extension, target, reason="No.")


def test_what_a_key_transferred_is_no_way_to_its_secret(desk: Desk, pages: tuple[str, str]) -> None:
    """Whom a key made the holder was approved by nobody: their new secret needs a request, whoever rotates it. All
    owners were told of the transfer."""
    actor, target = key(desk, scopes=MANAGES, holder_id=OLIVIA), key(desk, holder_id=MIA).id
    act(desk, actor, transfer_key, target, MAX)
    with desk.database.read() as session:
        told = {one.conversation for one in session.query(SlackMessage).filter_by(kind="key.changed")}
    assert told == {MIA, MAX, OLIVIA}
    for who in (Actor.member(MAX), actor):
        with pytest.raises(TakeoverError):
            act(desk, who, begin_rotation, target)


@both_databases
def test_a_rotation_by_key_is_collected_by_the_holder(desk: Desk, pages: tuple[str, str]) -> None:
    """The new key waits for whoever answers for the old one and for nobody else; where nobody does, there is none."""
    actor, target = key(desk, scopes=MANAGES, holder_id=OLIVIA), key(desk, holder_id=MIA).id
    ticket = act(desk, actor, begin_rotation, target)
    assert ticket.collector_id == MIA
    assert [one.id for one, _ in desk.read_now(Actor.member(MIA), list_collectable)] == [ticket.id]
    with pytest.raises(ConflictError, match="Nobody who may hold it"):
        act(desk, actor, begin_rotation, key(desk, holder_id=None).id)


def _asked(*pages: str, **values: Any) -> Asked:
    given: dict[str, Any] = {"scopes": (Scope.READ,), "lifetime_days": 30, "holder_id": MIA} | values
    return Asked(name="bot", purpose="We automate.", pages=pages or None, **given)


def test_a_key_asks_in_a_person_s_name(desk: Desk, pages: tuple[str, str]) -> None:
    """The request is its holder's, or a named member's, and it is theirs to collect; owners decide as ever."""
    one, _ = pages
    actor = key(desk, scopes=MANAGES, holder_id=MIA, pages=[one])
    own = act(desk, actor, make_request, _asked(one))
    named = act(desk, actor, make_request, _asked(one), requester_id=MAX)
    assert (own.requester_id, named.requester_id) == (MIA, MAX)
    assert {request.id for request in desk.read_now(actor, list_pending_requests)} == {own.id, named.id}
    with pytest.raises(NotAllowedError):
        act(desk, actor, approve, own.id)
    act(desk, Actor.member(OLIVIA), approve, own.id)
    assert len(desk.read_now(Actor.member(MIA), list_collectable)) == 1
    assert desk.read_now(actor, list_collectable) == []


def test_a_key_asks_for_its_own_pages_and_for_people(desk: Desk, pages: tuple[str, str]) -> None:
    """Not for pages that it is not for, nor in the name of somebody who could not ask."""
    one, two = pages
    actor = key(desk, scopes=MANAGES, holder_id=MIA, pages=[one])
    for asked in (_asked(two), _asked(one, two), _asked()):
        with pytest.raises(NotAllowedError, match=r"for every page|for all pages"):
            act(desk, actor, make_request, asked)
    for nobody in ("U0NOBODY01", actor.id):
        with pytest.raises(InvalidInputError) as refused:
            act(desk, actor, make_request, _asked(one), requester_id=nobody)
        assert refused.value.field == "requester"
    with pytest.raises(InvalidInputError):
        act(desk, key(desk, scopes=MANAGES, holder_id=None), make_request, _asked(one))
