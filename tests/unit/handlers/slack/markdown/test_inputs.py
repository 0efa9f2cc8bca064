"""Texts in several inputs."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.framework.payloads import ViewState
from handlers.slack.markdown.inputs import MAX_INPUT, read_text, text_inputs

PARAGRAPH = st.integers(1, 1400).map(lambda length: ("word " * 300)[:length].strip() or "x")


def _read_back(text: str) -> str | None:
    inputs = text_inputs("Postmortem", text, hint="")
    if inputs is None:
        return None
    values = {
        block["block_id"]: {"value": {"value": block["element"].get("initial_value")}}
        for block in inputs
        if len(block["element"].get("initial_value") or "") <= MAX_INPUT
    }
    return read_text(ViewState(values))


@given(st.lists(PARAGRAPH, min_size=1, max_size=20))
def test_a_text_comes_back_as_it_was(paragraphs: list[str]) -> None:
    """Whatever its paragraphs are, a text that is shown in inputs and not touched is the same text."""
    text = "\n\n".join(paragraphs)
    assert _read_back(text) in (text, None)
    if len(text) <= 9000:
        assert _read_back(text) == text


def test_what_inputs_would_change_is_not_shown_in_them() -> None:
    """A paragraph longer than an input, and a text longer than all inputs, are refused rather than cut."""
    assert _read_back("x" * 3000) == "x" * 3000
    assert _read_back("x" * 3001) is None
    assert _read_back("word " * 700) is None
    assert _read_back("\n\n".join(["x" * 2000] * 12)) is None
    # Code at the beginning of a piece would lose its indentation.
    assert _read_back("x" * 2990 + "\n\n    code" + "y" * 100) is None


def test_there_is_room_for_more() -> None:
    """However much there is already, one input more is offered, three at least."""
    for text, count in (("", 3), ("x" * 2000, 3), ("\n\n".join(["x" * 2000] * 5), 6)):
        inputs = text_inputs("Postmortem", text, hint="") or []
        assert len(inputs) == count
        assert [block.get("optional", False) for block in inputs] == [False, *[True] * (count - 1)]
