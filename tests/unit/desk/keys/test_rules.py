"""Who may change what about a key, and when."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.keys.rules import Change, KeyState, Person, Refusal, Standing, decide_change, decide_which, list_changes
from tests.factories import MAX, MIA, OLIVIA

OWNER = Person(actor=f"member:{OLIVIA}", user_id=OLIVIA, is_owner=True, is_member=True, may_hold_keys=True)
HOLDER = Person(actor=f"member:{MIA}", user_id=MIA, is_owner=False, is_member=True, may_hold_keys=True)
OTHER = Person(actor=f"member:{MAX}", user_id=MAX, is_owner=False, is_member=True, may_hold_keys=True)
GUEST_HOLDER = Person(actor=f"member:{MIA}", user_id=MIA, is_owner=False, is_member=False, may_hold_keys=False)
PLAIN_HOLDER = Person(actor=f"member:{MIA}", user_id=MIA, is_owner=False, is_member=True, may_hold_keys=False)
ACTIVE = Standing(state=KeyState.ACTIVE, holder_id=MIA)
RETIRING = Standing(state=KeyState.ACTIVE, holder_id=MIA, retiring=True)
PAUSED_BY_HOLDER = Standing(state=KeyState.SUSPENDED, holder_id=MIA, suspended_by=HOLDER.actor)
PAUSED_BY_OWNER = Standing(state=KeyState.SUSPENDED, holder_id=MIA, suspended_by=OWNER.actor)
EXPIRED = Standing(state=KeyState.EXPIRED, holder_id=MIA)
REVOKED = Standing(state=KeyState.REVOKED, holder_id=MIA)
ORPHAN = Standing(state=KeyState.ACTIVE, holder_id=None)


@pytest.mark.parametrize(
    ("case", "change", "standing", "person", "expected"),
    [
        ("the holder renames", Change.RENAME, ACTIVE, HOLDER, None),
        ("the holder rotates", Change.ROTATE, ACTIVE, HOLDER, None),
        ("the holder suspends", Change.SUSPEND, ACTIVE, HOLDER, None),
        ("the holder revokes", Change.REVOKE, ACTIVE, HOLDER, None),
        ("the holder keeps", Change.KEEP, ACTIVE, HOLDER, None),
        ("the holder asks for more time", Change.ASK_EXTENSION, ACTIVE, HOLDER, None),
        ("the holder extends", Change.EXTEND, ACTIVE, HOLDER, Refusal.OWNERS_ONLY),
        ("the holder transfers", Change.TRANSFER, ACTIVE, HOLDER, Refusal.OWNERS_ONLY),
        ("the holder asks the holder", Change.ASK_HOLDER, ACTIVE, HOLDER, Refusal.OWNERS_ONLY),
        ("the holder undoes their own suspension", Change.RESTORE, PAUSED_BY_HOLDER, HOLDER, None),
        (
            "the holder undoes an owner's suspension",
            Change.RESTORE,
            PAUSED_BY_OWNER,
            HOLDER,
            Refusal.SUSPENDED_BY_ANOTHER,
        ),
        ("an owner undoes the holder's suspension", Change.RESTORE, PAUSED_BY_HOLDER, OWNER, None),
        ("nothing to restore", Change.RESTORE, ACTIVE, OWNER, Refusal.NOT_SUSPENDED),
        ("an expired key is not restored", Change.RESTORE, EXPIRED, OWNER, Refusal.EXPIRED),
        ("an expired key is extended", Change.EXTEND, EXPIRED, OWNER, None),
        ("an expired key is revoked", Change.REVOKE, EXPIRED, HOLDER, None),
        ("an expired key is not rotated", Change.ROTATE, EXPIRED, OWNER, Refusal.EXPIRED),
        ("a suspended key is not rotated", Change.ROTATE, PAUSED_BY_OWNER, HOLDER, Refusal.SUSPENDED),
        ("a suspended key is not suspended again", Change.SUSPEND, PAUSED_BY_OWNER, OWNER, Refusal.SUSPENDED),
        ("a rotated key is not rotated again", Change.ROTATE, RETIRING, OWNER, Refusal.RETIRING),
        ("a rotated key is not extended", Change.EXTEND, RETIRING, OWNER, Refusal.RETIRING),
        ("a rotated key is revoked early", Change.REVOKE, RETIRING, HOLDER, None),
        ("a rotated key is suspended", Change.SUSPEND, RETIRING, OWNER, None),
        ("a revoked key stays as it is", Change.RENAME, REVOKED, OWNER, Refusal.REVOKED),
        ("a revoked key is seen", Change.SEE, REVOKED, HOLDER, None),
        ("nobody can be asked", Change.ASK_HOLDER, ORPHAN, OWNER, Refusal.NOBODY_ANSWERS),
        ("an orphan is transferred", Change.TRANSFER, ORPHAN, OWNER, None),
        ("somebody else looks", Change.SEE, ACTIVE, OTHER, Refusal.NOT_YOURS),
        ("somebody else is not told that it is revoked", Change.REVOKE, REVOKED, OTHER, Refusal.NOT_YOURS),
        ("a holder who became a guest", Change.REVOKE, ACTIVE, GUEST_HOLDER, Refusal.NOT_YOURS),
        ("a holder who may hold no keys rotates", Change.ROTATE, ACTIVE, PLAIN_HOLDER, Refusal.NO_KEYS_FOR_YOU),
        ("a holder who may hold no keys revokes", Change.REVOKE, ACTIVE, PLAIN_HOLDER, None),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_decisions(case: str, change: Change, standing: Standing, person: Person, expected: Refusal | None) -> None:
    """Each change is allowed to those, and in those states, that the table says."""
    assert decide_change(change, standing, person) == expected, case


@pytest.mark.parametrize("standing", [ACTIVE, RETIRING, EXPIRED, REVOKED])
def test_owners_extend_and_holders_ask_them(standing: Standing) -> None:
    """Of extending and asking for it, the first is an owner's and the second a holder's, whatever became of the key;
    whoever may neither is told so by the first."""
    both = (Change.EXTEND, Change.ASK_EXTENSION)
    assert decide_which(both, standing, OWNER) is Change.EXTEND
    assert decide_which(both, standing, HOLDER) is Change.ASK_EXTENSION
    assert decide_change(decide_which(both, standing, OTHER), standing, OTHER) is Refusal.NOT_YOURS
    assert decide_which([Change.TRANSFER], standing, HOLDER) is Change.TRANSFER


standings = st.builds(
    Standing,
    state=st.sampled_from(KeyState),
    retiring=st.booleans(),
    holder_id=st.sampled_from([None, MIA, MAX, OLIVIA]),
    suspended_by=st.sampled_from([None, OWNER.actor, HOLDER.actor]),
)


@given(standing=standings, change=st.sampled_from(Change))
def test_a_stranger_may_do_nothing(standing: Standing, change: Change) -> None:
    """Whoever neither owns nor answers for a key gets one and the same refusal, whatever its state."""
    stranger = Person(actor="member:U1", user_id="U1", is_owner=False, is_member=True, may_hold_keys=True)
    assert decide_change(change, standing, stranger) is Refusal.NOT_YOURS


def test_an_owner_may_do_what_a_holder_may() -> None:
    """There is nothing that a holder may do and an owner may not, whatever the key's state."""
    everything = product(KeyState, (False, True), (None, MIA, MAX), (None, OWNER.actor, HOLDER.actor), Change)
    held = 0
    for state, retiring, holder_id, suspended_by, change in everything:
        standing = Standing(state=state, retiring=retiring, holder_id=holder_id, suspended_by=suspended_by)
        if decide_change(change, standing, HOLDER) is None:
            assert decide_change(change, standing, OWNER) is None
            held += 1
    assert held > 50


@given(standing=standings, person=st.sampled_from([OWNER, HOLDER, OTHER, GUEST_HOLDER, PLAIN_HOLDER]))
def test_only_what_is_allowed_is_offered(standing: Standing, person: Person) -> None:
    """What is offered is allowed, and nobody is offered to ask for what they can do or to ask themselves."""
    offered = list_changes(standing, person)
    assert all(decide_change(change, standing, person) is None for change in offered)
    assert not {Change.EXTEND, Change.ASK_EXTENSION} <= offered
    assert Change.ASK_HOLDER not in offered or standing.holder_id != person.user_id


@given(standing=standings)
def test_the_end_is_final(standing: Standing) -> None:
    """A revoked key can only be looked at."""
    ended = Standing(state=KeyState.REVOKED, holder_id=standing.holder_id, suspended_by=standing.suspended_by)
    assert list_changes(ended, OWNER) == {Change.SEE}
