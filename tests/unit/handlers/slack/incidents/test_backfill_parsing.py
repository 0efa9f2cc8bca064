"""`/incident backfill` in one line."""

import pytest

from desk.moments.typed import Moment
from desk.pages.status import Impact
from handlers.slack.incidents.backfill import TypedBackfill, parse_backfill


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("", TypedBackfill()),
        (
            '"Short outage" on acme at 2026-03-01 14:00 It was short.',
            TypedBackfill(
                "Short outage", "acme", Moment("2026-03-01 14:00", day="2026-03-01", clock="14:00"), "It was short."
            ),
        ),
        (
            'at 2026-03-01T9:05 on "Acme Europe" “Short outage”  It\nwas "short',
            TypedBackfill(
                "Short outage",
                "Acme Europe",
                Moment("2026-03-01T9:05", day="2026-03-01", clock="09:05"),
                'It\nwas "short',
            ),
        ),
        (
            '"Outage" yesterday 14:00 it broke at 15:00',
            TypedBackfill(
                "Outage", at=Moment("yesterday 14:00", day="yesterday", clock="14:00"), body="it broke at 15:00"
            ),
        ),
        (
            '"Outage" on monday at 2pm on acme it broke',
            TypedBackfill("Outage", "acme", Moment("monday at 2pm", day="mon", clock="14:00"), "it broke"),
        ),
        ('"Outage" on', TypedBackfill("Outage", body="on")),
        (
            '"Outage" it was on acme at 2026-03-01 14:00',
            TypedBackfill("Outage", body="it was on acme at 2026-03-01 14:00"),
        ),
        (
            '"A" "B" <@U0MAX00001> said',
            TypedBackfill(
                "A",
                body='"B" <@U0MAX00001> said',
                problems=("“B” stands in quotation marks at the beginning, and I did not know what it names.",),
            ),
        ),
        ("It broke", TypedBackfill(body="It broke")),
        *(
            (
                f'"Outage" yesterday 14:00{end} It broke.',
                TypedBackfill(
                    "Outage",
                    at=Moment("yesterday 14:00", day="yesterday", clock="14:00"),
                    body=f"{end.strip()} It broke.",
                    problems=(f"“{end.strip()}”: only when it began is kept. Say in a sentence how long it took.",),
                ),
            )
            for end in ("-15:30", " until 15:30", " to 3pm", " for 20m", " 90m")
        ),
        (
            '"Outage" impact:Major page:acme It broke: impact:none',
            TypedBackfill(
                "Outage",
                "acme",
                body="It broke: impact:none",
                impact=Impact.MAJOR,
                problems=("“impact:none” stands among the words for the public: options come before them.",),
            ),
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
