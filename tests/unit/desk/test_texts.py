"""What people type, made fit to be kept and shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.texts import clean_line, clean_text, find_control


def test_lines_of_a_purpose_stay() -> None:
    """A purpose keeps its lines; a name becomes one."""
    assert clean_text(" one\r\ntwo\rthree\x07 ") == "one\ntwo\nthree"
    assert clean_line("one\r\n two\tthree") == "one two three"


def test_no_words_run_together() -> None:
    """What begins a new line does so here, and in a name is a space; what colours a terminal goes as a whole."""
    assert clean_text("one\x0btwo\x0cthree\x85four\u2028five\u2029six") == "one\ntwo\nthree\nfour\nfive\nsix"
    assert clean_line("one\x0btwo\u2029three") == "one two three"
    assert clean_text("\x1b[1;31mred\x1b[0m alert") == "red alert"
    assert find_control("a\x0b\tb\n\x1b[1mc") is None
    assert find_control("a\u202eb \x7f") == "U+007F"


@given(st.text())
def test_what_is_kept_can_be_stored_and_sent_anywhere(text: str) -> None:
    """Whatever was typed: what is kept has no control characters, encodes, and does not change again."""
    kept = clean_text(text)
    assert kept.encode().decode() == kept
    assert "\x00" not in kept
    assert clean_text(kept) == kept
    assert "\n" not in clean_line(text)


def test_marks_that_turn_the_order_of_what_follows_go() -> None:
    """A name cannot make an owner read something else than what is there; letters of every script stay."""
    assert clean_line("read\u202eetirw\u2066 only\u2069") == "readetirw only"
    assert clean_text("לוח מצב · статус · 状態") == "לוח מצב · статус · 状態"


@pytest.mark.parametrize("line", ["\u200b", "\u200d \u2060", "\ufeff", "\u0301", "\u00a0\u2003"])
def test_a_line_of_which_nothing_can_be_seen_is_empty(line: str) -> None:
    """Spaces without width, joiners and lone accents are no name."""
    assert clean_line(line) == ""


def test_joiners_inside_of_what_can_be_seen_stay() -> None:
    """A family of three is one picture, held together by joiners, and Persian is written with them."""
    for name in ("👨‍👩‍👧 bot", "می\u200cخواهم", "क\u094d\u200dष"):
        assert clean_line(name) == name


@pytest.mark.parametrize(
    "name", ["terra\u200dform", "terraform\u200f", "\u200eterra\u00adform\u2060", "terra\ufeffform"]
)
def test_a_name_has_no_signs_that_nobody_sees(name: str) -> None:
    """One that looks like another would be another key, and nobody could type it."""
    assert clean_line(name) == "terraform"
