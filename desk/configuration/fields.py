"""What people, files and clients may say of a component: checked, and made fit to be kept. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from desk.errors import InvalidInputError, Problems
from desk.masking import refuse_secrets
from desk.reasons import check_name, refuse_broken
from desk.texts import clean_text

MAX_NAME = 255
MAX_TEXT = 5000
"""Characters of a text that the page shows."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_FIRST_DAY = date(1970, 1, 1)
"""Of which uptime is told. Programs write a day that was never set as in the year 1."""


class ComponentFields(TypedDict, total=False):
    """What a component is to be; what is not named stays as it is."""

    name: str
    description: str | None
    group_id: str | None
    """None: in no group."""
    position: int
    """From 1, among what is in the same group."""
    showcase: bool
    """Whether the page shows its uptime."""
    only_show_if_degraded: bool
    """Whether it is on the page only while something is wrong with it."""
    start_date: date | None
    automation_email: str | None
    """The address of Statuspage's by which mail changed its status: kept for clients, as Keydesk takes no mail."""


class GroupFields(TypedDict, total=False):
    """What a group is to be; what is not named stays as it is."""

    name: str
    description: str | None
    position: int
    components: list[str]
    """All that is in it, in this order."""


def check_fields(fields: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """The same, fit to be kept. Raises InvalidInputError, whose `field` names what cannot be, of all that cannot."""
    problems, values = Problems(), dict(fields)
    if "name" in values:
        hint = "People look for it by its name on the page."
        with problems.gathered():
            values["name"] = check_name(values["name"] or "", of=of, limit=MAX_NAME, hint=hint)
    if "description" in values:
        with problems.gathered():
            values["description"] = check_text(values["description"], field="description") or None
    if values.get("automation_email"):
        with problems.gathered():
            values["automation_email"] = _check_address(values["automation_email"])
    elif "automation_email" in values:
        values["automation_email"] = None
    if (started := values.get("start_date")) is not None and started < _FIRST_DAY:
        problems.add(
            f"A component starts on {_FIRST_DAY} at the earliest.", "Choose a later day.", field="start_date"
        )
    problems.refuse()
    return values


def _check_address(text: str) -> str:
    address = check_text(text, field="automation_email", limit=MAX_NAME)
    if _ADDRESS.fullmatch(address) is None:
        raise InvalidInputError(
            f"“{address}” is no mail address.", "Write it as in a+b@example.com.", field="automation_email"
        )
    return address


def check_text(text: str | None, *, field: str, limit: int = MAX_TEXT) -> str:
    """A text that the page shows, or an empty one. Raises InvalidInputError (`field`)."""
    kept = clean_text(text or "")
    refuse_broken(kept, field=field)
    refuse_secrets(kept, field=field)
    if len(kept) > limit:
        raise InvalidInputError(
            f"The text has {len(kept)} characters, and at most {limit} fit.", "Shorten it.", field=field
        )
    return kept
