"""Names are compared as people do, in both databases."""

import pytest
from sqlalchemy import literal, select

from storage.database import Database
from storage.folding import begins_with, fold, holds, is_called

SAME = [
    ("Überwachung", "ÜBERWACHUNG"),
    ("Überwachung", "u\u0308berwachung"),
    ("Жук", "жУК"),
    ("ΟΔΟΣ", "οδος"),
    ("οδος", "ΟΔΟσ"),
    ("Straße", "STRASSE"),
    ("ﬁber", "FIBER"),
    ("Ångström", "A\u030angstro\u0308m"),
    ("İstanbul", "i\u0307stanbul"),
    ("Éa_b%c/d", "éA_B%C/D"),
    ("ԱԲԳ", "աբգ"),
]
OTHER = [("a_b", "aXb"), ("a%b", "aXXb"), ("o", "ö"), ("Жук", "Жуки"), ("", "a")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_name_in_any_case_and_form(database: Database, one: str, other: str) -> None:
    """Capitals, composition and letters that have two small forms tell no names apart, in Python and in SQL."""
    assert fold(one) == fold(other)
    with database.read() as session:
        for left, right in ((one, other), (other, one)):
            assert session.scalar(select(is_called(literal(left), right)))
            assert session.scalar(select(begins_with(literal(f"{left} and more"), right)))
            assert session.scalar(select(holds(literal(f"more {left} and more"), right)))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_name_is_another(database: Database, one: str, other: str) -> None:
    """Signs that a pattern would take for any letter mean themselves, and an accent tells names apart."""
    assert fold(one) != fold(other)
    with database.read() as session:
        for left, right in ((one, other), (other, one)):
            assert not session.scalar(select(is_called(literal(left), right)))
