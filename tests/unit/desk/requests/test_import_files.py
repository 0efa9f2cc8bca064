"""Files of keys, read: CSV as people and Excel write it, and JSON Lines."""

import pytest

from desk.errors import InvalidInputError
from desk.requests.import_files import read_held_keys

KEY = "89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77"


def test_csv_says_what_it_says() -> None:
    """Columns in any order, lists with blanks, commas or bars, quoted cells, empty lines; lines are counted as an
    editor does."""
    text = (
        "email,key,scopes,pages,from,expires,holder,purpose\r\n"
        f'mia@acme.example,{KEY},read incidents:write,"acme, Acme Labs",'
        '10.0.0.0/8|192.0.2.7,2027-01-31,@mia,"CI,\nnightly"\r\n'
        "\r\n"
        f"max@acme.example,{KEY}\r\n"
    )
    first, second = read_held_keys(text)
    assert (first.email, first.key, first.line) == ("mia@acme.example", KEY, 3)
    assert (first.scopes, first.pages) == (("read", "incidents:write"), ("acme", "Acme Labs"))
    assert (first.networks, first.expires, first.holder) == (("10.0.0.0/8", "192.0.2.7"), "2027-01-31", "@mia")
    assert first.purpose == "CI,\nnightly"
    assert (second.line, second.scopes, second.pages, second.expires) == (5, (), (), "")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_have_other_separators(separator: str) -> None:
    """Whichever stands in the first line."""
    [row] = read_held_keys(f"key{separator}email\n{KEY}{separator}a@b.example\n")
    assert (row.key, row.email) == (KEY, "a@b.example")


def test_json_lines_say_what_they_say() -> None:
    """Lists as lists or as text; null is nothing."""
    text = (
        f'{{"key": "{KEY}", "name": "ci", "scopes": ["read"], "pages": null}}\n\n{{"key": "{KEY}", "pages": "a|b"}}\n'
    )
    first, second = read_held_keys(text)
    assert (first.name, first.scopes, first.pages, first.line) == ("ci", ("read",), (), 1)
    assert (second.pages, second.line) == (("a", "b"), 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no key in the file"),
        ("key,email\n", "no key in the file"),
        (f"{KEY},mia@acme.example\n", "Line 1: The column 1 is none that"),
        ("email\nmia@acme.example\n", "Line 1: The column “key”"),
        ("key,key\na,b\n", "names a column twice"),
        (f"key,email\n{KEY},a@b.example,more\n", "Line 2 has 3 columns"),
        (f'key,email\n"{KEY},a@b.example\n', "is not CSV"),
        (f'{{"key": "{KEY}"}}\n{{"key": "{KEY}", \n', "Line 2 is no JSON"),
        (f'{{"key": "{KEY}", "key": "x"}}\n', "Line 1 is no JSON"),
        (f'{{"key": "{KEY}"}}\n["{KEY}"]\n', "Line 2 is no JSON"),
        ('{"key": 5}\n', "Line 1, key: that is no text"),
        (f'{{"key": "{KEY}", "scopes": [5]}}\n', "Line 1, scopes: that is no text"),
        (f'{{"key": "{KEY}", "scope": "read"}}\n', "Line 1: The column 2 is none that"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, words: str) -> None:
    """With its line; what stands there is not repeated, as it may be a key."""
    with pytest.raises(InvalidInputError) as refused:
        read_held_keys(text)
    assert words in str(refused.value)
    assert KEY not in str(refused.value)
