"""What a Statuspage elsewhere answers about an incident, as far as a delivery has to understand it."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from desk.incidents.elsewhere.changes import There
from desk.incidents.elsewhere.following import bare_words
from handlers.delivery.atlassian.failures import UNKNOWN_ANSWER
from handlers.delivery.deliverer import DeliveryError, Trouble
from handlers.upstream.marks import CLOCKS_APART, read_instant

_ID = re.compile(r"[a-z0-9]{1,12}")
_LINK = re.compile(r"https?://[^\s<>|]{1,240}")


def read_there(answer: Any, update_id: str | None, call: str) -> There:
    """The incident that an answer tells of. Raises DeliveryError where it tells of none: it may be there all the
    same."""
    incident_id = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(incident_id, str) or not _ID.fullmatch(incident_id):
        raise DeliveryError(Trouble.UNKNOWN, call, UNKNOWN_ANSWER, uncertain=True)
    link = answer.get("shortlink")
    return There(incident_id, link if isinstance(link, str) and _LINK.fullmatch(link) else "", update_id)


def list_updates_of(answer: Any) -> Sequence[Mapping[str, Any]]:
    """What was said of an incident, the newest first."""
    rows = answer.get("incident_updates") if isinstance(answer, dict) else None
    updates = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in updates if isinstance(row.get("id"), str) and _ID.fullmatch(row["id"])]


def find_said(
    answer: Any, form: Mapping[str, Any], *, known: Collection[str], since: datetime | None = None
) -> str | None:
    """The id of the newest update that says what `form` does, is none of those that are `known`, and was said about
    or after `since`; None where there is none."""
    for row in list_updates_of(answer):
        if row["id"] not in known and _says(row, form) and _is_since(row, since):
            return str(row["id"])
    return None


def _says(row: Mapping[str, Any], form: Mapping[str, Any]) -> bool:
    if form.get("status") not in (None, row.get("status")):
        return False
    # Without words of its own it has the ones that Statuspage puts there.
    return not form.get("body") or _bare(row.get("body")) == _bare(form["body"])


def _bare(words: Any) -> str:
    """Statuspage keeps words in its own markup."""
    return bare_words(words) if isinstance(words, str) else ""


def _is_since(row: Mapping[str, Any], since: datetime | None) -> bool:
    at = read_instant(row.get("created_at"))
    return since is None or at is None or at >= since - CLOCKS_APART


def list_component_ids(answer: Any) -> Sequence[str]:
    """The components that an incident is about."""
    rows = answer.get("components") if isinstance(answer, dict) else None
    found = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [one for one in found if isinstance(one, str)]
