"""Limits that people and programs meet, with the number that the code has."""

from collections.abc import Sequence
from importlib import import_module

from docs.lists.marks import render_table

LIMITS: Sequence[tuple[str, str, str]] = (
    ("an incident's or maintenance's name, characters", "desk.incidents.inputs", "MAX_NAME"),
    ("an update's text, characters", "desk.incidents.inputs", "MAX_BODY"),
    ("the same in a form in Slack, characters", "handlers.slack.markdown.inputs", "MAX_INPUT"),
    ("a key's name, characters", "desk.reasons", "MAXIMUM_KEY_NAME"),
    ("what a key is for, characters", "desk.requests.terms", "MAX_PURPOSE"),
    ("a reason, characters", "desk.reasons", "MAXIMUM_REASON"),
    ("components that a key may be for", "desk.keys.restrictions", "MOST_COMPONENTS"),
    ("ranges of addresses that a key may be called from", "desk.keys.restrictions", "MOST_NETWORKS"),
    ("a component's name, characters", "desk.configuration.fields", "MAX_NAME"),
    ("a text of a page or component, characters", "desk.configuration.fields", "MAX_TEXT"),
    ("components that one form in Slack changes", "handlers.slack.incidents.form_state", "MOST_COMPONENTS"),
    ("lines of one digest; what is beyond is counted", "desk.digest.composing", "MOST_LINES"),
    ("rows of one file for `keydesk keys import`", "desk.requests.import_files", "MOST_ROWS"),
    ("an API call's key, characters", "desk.keys.check", "MAX_SECRET_LENGTH"),
    ("an API call's query, bytes", "handlers.http.v1.app", "MAX_QUERY"),
    ("an API call's body, bytes", "handlers.http.bodies", "MAX_BYTES"),
    ("how deep a body may be nested", "handlers.http.bodies", "MAX_DEPTH"),
    ("members of a body, all together", "handlers.http.bodies", "MAX_MEMBERS"),
    ("seconds in which a body must have come", "handlers.http.bodies", "MOST_SECONDS"),
    ("rows on a page of `/v1`", "handlers.http.v1.paging", "MAX_PER_PAGE"),
    ("rows on a page of `/keydesk/v1`", "handlers.http.own.shapes.base", "MOST_ON_A_PAGE"),
    ("incidents in a document of API v2", "handlers.http.public.shapes", "MAX_ROWS"),
    ("entries of a feed; what is open is never left out", "handlers.http.public.feeds", "ENTRIES"),
    ("calls of one key through the gateway at once", "handlers.http.gateway.forwarding", "MOST_OF_ONE"),
    ("calls that wait for a turn at Statuspage", "handlers.upstream.budget", "MOST_WAITING"),
    ("of these, calls of one key", "handlers.upstream.budget", "MOST_OF_ONE"),
    ("marks of use in memory while the database is away", "desk.keys.uses", "MAX_MARKS"),
)
"""What each is, and where its number stands."""


def render_limits() -> str:
    """A table of limits."""
    rows = ((what, f"{getattr(import_module(module), name):,}") for what, module, name in LIMITS)
    return render_table(("what", "at most"), rows)
