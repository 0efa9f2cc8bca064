"""The page about the API lists every operation, and says of each whether it is there."""

import re
from pathlib import Path

from handlers.http.v1.operations import OPERATIONS, Missing

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([A-Z]+) /v1/(\S+)` \| (\d+)(?: `(\S+)`)? \| (.+) \|$", re.MULTILINE)
_HERE = {None: "yes", Missing.NOT_YET: "not yet", Missing.NOT_EMBEDDED: "never here", Missing.FROM_SLACK: "by Slack"}


def test_the_page_lists_every_operation() -> None:
    """In the table's order, with what it answers; one that is built, or given up, is found here."""
    listed = [(method, path, int(code), answer, here) for method, path, code, answer, here in _ROW.findall(PAGE)]
    assert listed == [(one.method, one.path, one.success, one.answer, _HERE[one.missing]) for one in OPERATIONS]
