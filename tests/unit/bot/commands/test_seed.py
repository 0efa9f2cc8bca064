"""`keydesk seed`."""

from pathlib import Path

from tests.unit.bot.commands.conftest import Run

SEED = """\
organization: Acme
pages:
  - name: Acme
    subdomain: acme
    components:
      - name: API
"""


def test_pages_are_made_and_brought_up_to_date(keydesk_on: Run, tmp_path: Path) -> None:
    """The first time everything is made; the second time nothing has to be done."""
    (tmp_path / "pages.yml").write_text(SEED)
    first = keydesk_on("seed", "pages.yml").stdout.splitlines()
    assert first[:2] == ["made     organization Acme", "made     page Acme"]
    assert first[-1] == "3 made, 0 changed, 0 as they were."
    assert keydesk_on("seed", "pages.yml").stdout == "0 made, 0 changed, 3 as they were.\n"


def test_mistakes_in_the_file_are_told_and_nothing_is_made(keydesk_on: Run, tmp_path: Path) -> None:
    """The sentence names the line; a mended file starts from nothing."""
    (tmp_path / "pages.yml").write_text(SEED.replace("subdomain", "subdomian"))
    result = keydesk_on("seed", "pages.yml")
    assert result.exit_code == 1
    assert "Line 4" in result.stderr
    (tmp_path / "pages.yml").write_text(SEED)
    assert "3 made" in keydesk_on("seed", "pages.yml").stdout


def test_a_file_that_is_not_there_is_told(keydesk_on: Run) -> None:
    """No traceback for a misspelt name."""
    result = keydesk_on("seed", "nowhere.yml")
    assert result.exit_code == 1
    assert result.stderr.startswith("The file nowhere.yml cannot be read: No such file")
