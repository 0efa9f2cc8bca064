"""Numbers that buttons carry."""

import pytest

from handlers.slack.framework.action_ids import number_in
from handlers.slack.keys.actions import KeyValue, read_value
from handlers.slack.keys.views import read_metadata


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("1772442000", 1772442000), ("0", 0)])
def test_a_number_is_read(text: str, number: int) -> None:
    """What Keydesk puts into a button comes out of it."""
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1.5", " 1", "9" * 11, "9" * 5000, "x"])
def test_what_keydesk_would_not_have_put_there_is_no_number(text: str) -> None:
    """Digits of other scripts, signs, and more digits than a database or calendar takes count as nothing."""
    assert number_in(text) is None
    assert read_value(f"key:{text}").version is None
    assert read_metadata(f"key:{text}")[1] is None


def test_a_value_with_everything() -> None:
    """A key's id, the version that was shown, and what else the button carries, colons included."""
    assert read_value("key:7:because: it leaked") == KeyValue("key", 7, "because: it leaked")
