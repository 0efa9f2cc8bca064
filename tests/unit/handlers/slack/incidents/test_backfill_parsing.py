"""`/incident backfill` in one line."""

import pytest

from desk.pages.status import Impact
from handlers.slack.incidents.backfill import TypedBackfill, parse_backfill


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("", TypedBackfill()),
        (
            '"Short outage" on acme at 2026-03-01 14:00 It was short.',
            TypedBackfill("Short outage", "acme", "2026-03-01 14:00", "It was short."),
        ),
        (
            'at 2026-03-01T9:05 on "Acme Europe" “Short outage”  It\nwas "short',
            TypedBackfill("Short outage", "Acme Europe", "2026-03-01 9:05", 'It\nwas "short'),
        ),
        ('"Outage" At 14:00 it broke', TypedBackfill("Outage", body="At 14:00 it broke")),
        ('"Outage" on', TypedBackfill("Outage", body="on")),
        (
            '"Outage" it was on acme at 2026-03-01 14:00',
            TypedBackfill("Outage", body="it was on acme at 2026-03-01 14:00"),
        ),
        ('"A" "B" <@U0MAX00001> said', TypedBackfill("A", body='"B" <@U0MAX00001> said')),
        ("It broke", TypedBackfill(body="It broke")),
        (
            '"Outage" impact:Major page:acme It broke: impact:none',
            TypedBackfill("Outage", "acme", body="It broke: impact:none", impact=Impact.MAJOR),
        ),
        (
            '"Outage" impact:huge c:"API - X"=down It broke',
            TypedBackfill(
                "Outage",
                body="It broke",
                problems=(
                    "“huge” is no impact. There is none, minor, major, critical.",
                    "A backfilled incident cannot change components: leave them out.",
                ),
            ),
        ),
    ],
)
def test_a_line_is_read(line: str, read: TypedBackfill) -> None:
    """The name, the page and the time in any order; from the first other word on, everything is for the public."""
    assert parse_backfill(line) == read
