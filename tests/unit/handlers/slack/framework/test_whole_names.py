"""Names of several words behind `page:` and its like, which nobody has put in quotation marks."""

from collections.abc import Sequence

import pytest

from handlers.slack.framework.whole_names import may_name, quote_names

_NAMES = {
    "page": {"Acme", "Acme Internal", "Acme Internal Old"},
    "component": {"Public API", "API - Public API", "Search"},
}


def _longest(key: str, names: Sequence[str]) -> str | None:
    known = {name.lower() for name in _NAMES["component" if key.startswith("c") else "page"]}
    return max((name for name in names if name.lower() in known), key=len, default=None)


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("page:Acme Internal for 30d", 'page:"Acme Internal" for 30d'),
        ("page:acme internal old thing", 'page:"acme internal old" thing'),
        ("page: Acme Internal scope:read", 'page: "Acme Internal" scope:read'),
        ("--page=Acme Internal.", '--page="Acme Internal".'),
        ("page:acme,Acme Internal, acme x", 'page:acme, "Acme Internal", acme x'),
        ('page:"Acme", Acme Internal', 'page:"Acme", "Acme Internal"'),
        ("component:Public API=down, Search We look", 'component:"Public API"=down, Search We look'),
        ("c:API - Public API is down", 'c:"API - Public API" is down'),
        ('"x" on Acme Internal for 2h', '"x" on "Acme Internal" for 2h'),
        ("on Acme Internal", 'on "Acme Internal"'),
        # Nothing of several words is meant.
        ("page:acme for 30d", "page:acme for 30d"),
        ('page:"Acme Internal" x', 'page:"Acme Internal" x'),
        ('"page:Acme Internal"', '"page:Acme Internal"'),
        ("page:Acme\nInternal", "page:Acme\nInternal"),
        ("see Acme Internal", "see Acme Internal"),
        ("page:", "page:"),
        ("page:,", "page:,"),
    ],
)
def test_a_whole_name_is_quoted(typed: str, quoted: str) -> None:
    """The longest name that there is, in each place of a list; nothing else of the line changes."""
    assert quote_names(typed, _longest, takes_page=True) == quoted
    assert may_name(typed, takes_page=True) or typed == quoted


def test_on_is_a_word_where_words_are_written() -> None:
    """Words for the public, and names, hold one like any other."""
    assert quote_names("We work on Acme Internal", _longest, takes_page=False) == "We work on Acme Internal"
    assert not may_name("We work on Acme Internal", takes_page=False)
