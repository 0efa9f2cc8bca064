"""The page about privacy names every table in which somebody may be."""

import re
from collections.abc import Mapping

from storage.models import Base
from tests.docs.test_links import ROOT

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
OF_NOBODY: Mapping[str, str] = {
    **dict.fromkeys(
        ("page", "page_address", "component", "organization", "page_move", "moved_thing"), "the page itself"
    ),
    **dict.fromkeys(
        ("incident_component", "incident_draft", "incident_template", "incident_update"), "incident's own"
    ),
    "component_status_change": "the incident's: by whom a component was changed",
    **dict.fromkeys(("digest", "key_announcement", "upstream_warning"), "about keys, naming nobody"),
    **dict.fromkeys(("api_post", "upstream_post"), "what a key made, by the key"),
    **dict.fromkeys(("delivery_lane", "message_subject"), "of messages"),
    **dict.fromkeys(("audit_head", "job_run", "revision", "seen_event"), "counters and marks"),
    "user_group": "a group, not who is in it",
}
"""Tables that the page does not name, and why."""


def test_every_table_is_on_the_page_or_of_nobody() -> None:
    """A table that comes is thought of: what it keeps of people stands on the page, with how long."""
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert not named & OF_NOBODY.keys()
    assert set(Base.metadata.tables) - named == OF_NOBODY.keys()
