"""What a body may hold."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.http.own.shapes.keys import Revoked

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["reason", "confirmed", "version", "more"]), _JSON))
def test_a_body_is_what_it_says_or_refused(members: dict[str, Any]) -> None:
    """Of any JSON object either every member is taken as it is, each of its own kind, or nothing is."""
    try:
        taken = Revoked.model_validate_json(json.dumps(members))
    except ValidationError:
        fits = (
            isinstance(members.get("reason"), str)
            and 1 <= len(members["reason"]) <= 1000
            and isinstance(members.get("confirmed", False), bool)
            and (members.get("version") is None or _is_version(members["version"]))
            and "more" not in members
        )
        assert not fits
        return
    assert taken.model_dump(exclude_unset=True) == members


def _is_version(value: Any) -> bool:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return whole and 1 <= value < 2**31
