"""The settings page says what the settings are."""

from pathlib import Path

from bot.settings.document import render_settings_page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_written_from_the_table() -> None:
    """docs/settings.md is what the table of settings makes of it; write it anew when this fails."""
    assert PAGE.read_text() == render_settings_page()
