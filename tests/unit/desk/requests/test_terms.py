"""What may be asked for, and how it is tidied."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk.errors import InvalidInputError
from desk.reasons import MAXIMUM_KEY_NAME
from desk.requests.terms import MAX_PURPOSE, Asked, check_asked, complete_asked
from storage.models import Scope
from tests.policies import policy_of

ASKED = Asked(
    name="terraform prod", purpose="We automate.", scopes=(Scope.READ,), pages=None, lifetime_days=90, holder_id="U1"
)


def test_what_was_not_said_is_as_usual() -> None:
    """A key lives for as long as policy proposes, and whoever asks answers for it, unless something else was said."""
    policy = policy_of(default_lifetime=timedelta(days=45))
    said: dict[str, Any] = {"name": "terraform prod", "purpose": "We automate.", "scopes": ["read"], "pages": None}
    usual = complete_asked(policy, "U2", **said, lifetime_days=None, holder_id=None)
    assert usual == replace(ASKED, lifetime_days=45, holder_id="U2")
    assert complete_asked(policy, "U2", **said, lifetime_days=90, holder_id="U1") == ASKED
    # It was said, and is refused with all else.
    assert complete_asked(policy, "U2", **said, lifetime_days=0, holder_id="U1").lifetime_days == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (replace(ASKED, name=" \n "), "name"),
        (replace(ASKED, name="n" * (MAXIMUM_KEY_NAME + 1)), "name"),
        (replace(ASKED, purpose="\x00"), "purpose"),
        (replace(ASKED, purpose="p" * (MAX_PURPOSE + 1)), "purpose"),
        (replace(ASKED, scopes=()), "scopes"),
        (replace(ASKED, pages=()), "pages"),
        (replace(ASKED, lifetime_days=0), "lifetime_days"),
        (replace(ASKED, lifetime_days=-3), "lifetime_days"),
        (replace(ASKED, lifetime_days=366), "lifetime_days"),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_field(asked: Asked, field: str) -> None:
    """Each refusal names the input that has to be changed."""
    with pytest.raises(InvalidInputError) as refusal:
        check_asked(asked, policy_of())
    assert refusal.value.field == field


def test_policy_sets_the_longest_life() -> None:
    """The longest lifetime is policy's, and said in the refusal."""
    month = policy_of(maximum_lifetime=timedelta(days=30))
    assert check_asked(replace(ASKED, lifetime_days=30), month).lifetime_days == 30
    with pytest.raises(InvalidInputError, match="between 1 and 30 days"):
        check_asked(replace(ASKED, lifetime_days=31), month)


def test_scopes_and_pages_are_put_in_order_without_doubles() -> None:
    """What is named twice is kept once."""
    asked = replace(ASKED, scopes=(Scope.METRICS_WRITE, Scope.READ, Scope.READ), pages=("b", "a", "b"))
    checked = check_asked(asked, policy_of())
    assert checked.scopes == (Scope.READ, Scope.METRICS_WRITE)
    assert checked.pages == ("b", "a")
