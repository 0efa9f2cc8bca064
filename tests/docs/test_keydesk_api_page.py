"""The page about Keydesk's own API lists every operation as the table has it, and says which scopes manage."""

import re
from pathlib import Path

from desk.keys.rules import MANAGING
from handlers.http.own.operations import FAMILIES

PAGE = (Path(__file__).parents[2] / "docs" / "keydesk-api.md").read_text(encoding="utf-8")
_FAMILY = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([A-Z]+) /keydesk/v1/(\S+)` \| (.+?) \| (?:`(\S+)`|any key) \| (.*?) ?\|$", re.MULTILINE)


def test_the_page_lists_every_operation() -> None:
    """Family by family and in the table's order: what each does, the scope that it needs, and its twins in Slack."""
    listed = {name: _ROW.findall(text) for name, text in _FAMILY.findall(PAGE)}
    assert {name: rows for name, rows in listed.items() if rows} == {
        name: [
            (
                one.method,
                one.path,
                one.does,
                one.need.scope if one.need else "",
                ", ".join(f"`/{twin}`" for twin in one.twins),
            )
            for one in family
        ]
        for name, family in FAMILIES.items()
    }


def test_the_page_names_the_scopes_of_keys_that_manage() -> None:
    """Those whose keys get nothing from keys."""
    rule = next(line for line in PAGE.split("- **") if line.startswith("It gains nothing"))
    assert set(re.findall(r"`(\w+:\w+)`", rule)) == {str(scope) for scope in MANAGING}
