"""`keydesk components` and `keydesk pages`."""

import json
from collections.abc import Callable

import pytest

from desk.transaction import Desk
from tests.databases import both_databases
from tests.unit.bot.commands.conftest import Run

Do = Callable[..., str]


@pytest.fixture
def do(keydesk_on: Run, seeded: Desk) -> Do:
    """Runs a command that does what it is for, on a page without components; gives what it prints."""
    assert seeded

    def run(*words: str) -> str:
        result = keydesk_on(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def names(do: Do, *options: str) -> list[str]:
    """What is listed, in order."""
    return [row["name"] for row in json.loads(do("components", "list", "--json", *options))]


@both_databases
def test_the_life_of_a_component(do: Do) -> None:
    """It is made, called otherwise, described, moved, hidden, retired and brought back, each in a line of words."""
    for name in ("API", "Website"):
        assert "is on the page." in do("components", "add", name)
    assert "Core" in do("components", "add", "Core", "--with", "api", "--position", "1")
    assert "Docs" in do(
        "components", "add", "Docs", "--group", "core", "--position", "1", "--start-date", "2026-01-02"
    )
    assert names(do) == ["Core", "Core - Docs", "Core - API", "Website"]
    do("components", "rename", "Core - API", "Public API")
    do("components", "describe", "Public API", "For customers")
    do("components", "describe", "Core", "All of it")
    assert "position 1" in do("components", "move", "Public API", "--position", "1")
    do("components", "hide", "Website", "--only-degraded", "--no-uptime")
    rows = {row["name"]: row for row in json.loads(do("components", "list", "--json"))}
    assert rows["Website"]["shown"] == "without uptime, only while degraded"
    do("components", "hide", "Website", "--while-well", "--uptime")
    do("components", "move", "Docs", "--group", "none")
    assert names(do) == ["Core", "Core - Public API", "Website", "Docs"]
    told = do("components", "retire", "Public API")
    assert "brings it back" in told
    assert names(do) == ["Website", "Docs"]
    assert set(names(do, "--retired")) == {"Core", "Core - Public API"}
    do("components", "restore", "public api")
    assert names(do) == ["Website", "Docs", "Core", "Core - Public API"]
    do("components", "retire", "Core")
    do("components", "restore", "Core", "--with", "Docs")
    assert names(do) == ["Website", "Public API", "Core", "Core - Docs"]
    assert "Core - Docs" in do("components", "list")


def test_doubles_are_warned_of(keydesk_on: Run, do: Do) -> None:
    """Two of one name in the same place are allowed, and said to be there; a word that means both is refused."""
    do("components", "add", "API")
    assert "readers cannot tell them apart" in keydesk_on("components", "add", "api").stderr
    refused = keydesk_on("components", "retire", "API")
    assert (refused.exit_code, "means more than one" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("components", "retire", "Fax"), "“Fax” is no component of this page."),
        (("components", "move", "API"), "Say where to."),
        (("components", "add", "New", "--start-date", "soon"), "“soon” is no date."),
        (("components", "list", "--page", "nothing"), "“nothing” is no page."),
        (("pages", "set", "color=red"), "“color=red” is no setting."),
        (("pages", "set", "hidden_from_search=maybe"), "hidden_from_search is either true or false."),
        (("pages", "set", "time_zone=Mars", "second_person=sometimes"), "“Mars” is no time zone."),
    ],
)
def test_refusals(keydesk_on: Run, do: Do, words: tuple[str, ...], said: str) -> None:
    """Each in a sentence, and nothing is done."""
    do("components", "add", "API")
    refused = keydesk_on(*words)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert names(do) == ["API"]


@both_databases
def test_settings_of_a_page(do: Do) -> None:
    """They are shown, set and taken back under the names that show gives."""
    told = do("pages", "set", "second_person=always", "hidden_from_search=true", "css_greens=#1f9d61", "url=")
    assert told.splitlines() == [
        *("second_person is always.", "hidden_from_search is true.", "css_greens is #1f9d61.", "url is not set."),
    ]
    assert "second_person" in do("pages", "show")
    shown = json.loads(do("pages", "show", "--json", "--page", "acme"))
    assert (shown["second_person"], shown["hidden_from_search"], shown["name"]) == ("always", True, "Acme")
    do("pages", "set", "hidden_from_search=", "name=Acme Cloud")
    assert json.loads(do("pages", "show", "acme", "--json"))["hidden_from_search"] is None
    do("pages", "set", "acme", "headline=All is well")
    assert json.loads(do("pages", "show", "--json"))["headline"] == "All is well"
    assert "Acme Cloud" in do("pages", "list")
