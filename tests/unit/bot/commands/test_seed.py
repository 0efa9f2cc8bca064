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


MORE = (
    SEED
    + """\
      - name: Website
      - name: Europe
        components: [{name: Berlin}]
  - name: Shop
    subdomain: shop
    components: [{name: Cart}]
"""
)


def test_what_the_file_does_not_name_is_retired(keydesk_on: Run, tmp_path: Path) -> None:
    """First it is only shown; with `--yes` it is done; a page of which the file names nothing keeps all, and one that
    it does not name stays."""
    (tmp_path / "pages.yml").write_text(MORE)
    keydesk_on("seed", "pages.yml")
    (tmp_path / "pages.yml").write_text(SEED.replace("API", "API\n      - name: New"))
    shown = keydesk_on("seed", "--prune", "pages.yml").stdout.splitlines()
    assert shown == [
        "make     component New of page Acme",
        "retire   component Website of page Acme",
        "retire   component Berlin of page Acme",
        "retire   group Europe of page Acme",
        "left     page Shop, which the file does not name",
        "It would be: 1 made, 0 changed, 3 retired, 3 as they were.",
        "Nothing was changed. Type it again with --yes to do it.",
    ]
    listed = keydesk_on("components", "list", "--page", "acme").stdout
    assert "Website" in listed
    assert "New" not in listed
    done = keydesk_on("seed", "--prune", "--yes", "pages.yml").stdout.splitlines()
    assert done == [
        "made     component New of page Acme",
        "retired  component Website of page Acme",
        "retired  component Berlin of page Acme",
        "retired  group Europe of page Acme",
        "left     page Shop, which the file does not name",
        "1 made, 0 changed, 3 retired, 3 as they were.",
    ]
    listed = keydesk_on("components", "list", "--page", "acme").stdout
    assert [line.split()[2] for line in listed.splitlines()[1:]] == ["API", "New"]
    assert "Berlin" in keydesk_on("components", "list", "--page", "acme", "--retired").stdout
    assert "Cart" in keydesk_on("components", "list", "--page", "shop").stdout
    (tmp_path / "pages.yml").write_text("organization: Acme\npages: [{name: Acme, subdomain: acme}]\n")
    assert "retired" not in keydesk_on("seed", "--prune", "--yes", "pages.yml").stdout


def test_what_was_retired_stays_so_until_it_is_brought_back(keydesk_on: Run, tmp_path: Path) -> None:
    """However often the file that names it is planted; it is told each time, and what to type."""
    (tmp_path / "pages.yml").write_text(MORE)
    keydesk_on("seed", "pages.yml")
    for name in ("Website", "Berlin"):
        keydesk_on("components", "retire", name)
    for _ in range(2):
        assert keydesk_on("seed", "pages.yml").stdout.splitlines() == [
            "left     component Website of page Acme, which was retired: --restore brings it back",
            "left     component Europe of page Acme, which was retired: --restore brings it back",
            "left     component Berlin of page Acme, which was retired: --restore brings it back",
            "0 made, 0 changed, 5 as they were.",
        ]
    shown = keydesk_on("seed", "--prune", "--restore", "pages.yml").stdout.splitlines()
    assert shown[-2:] == [
        "It would be: 0 made, 0 changed, 3 restored, 5 as they were.",
        "Nothing was changed. Type it again with --yes to do it.",
    ]
    assert keydesk_on("seed", "--restore", "pages.yml").stdout.splitlines() == [
        "restored component Website of page Acme",
        "restored component Europe of page Acme",
        "restored component Berlin of page Acme",
        "0 made, 0 changed, 3 restored, 5 as they were.",
    ]
    assert keydesk_on("seed", "--restore", "pages.yml").stdout == "0 made, 0 changed, 8 as they were.\n"


def test_what_is_open_stops_all_of_it(keydesk_on: Run, tmp_path: Path) -> None:
    """Nothing at all is done where an incident is open on what would be retired, and it is named."""
    (tmp_path / "pages.yml").write_text(MORE)
    keydesk_on("seed", "pages.yml")
    keydesk_on(
        "incident", "new", "Down", "--page", "acme", "--body", "We look.", "-c", "Website=major_outage", "--yes"
    )
    (tmp_path / "pages.yml").write_text(SEED.replace("API", "New"))
    refused = keydesk_on("seed", "--prune", "--yes", "pages.yml")
    assert refused.exit_code == 1
    assert "“Website” cannot be retired: “Down” is open on it." in refused.stderr
    assert "New" not in keydesk_on("components", "list", "--page", "acme").stdout
