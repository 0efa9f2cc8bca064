"""Passwords in addresses, wherever somebody writes them."""

import pytest

from bot.settings.masking import hide_passwords, list_passwords, show_setting


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("postgresql://ann:planted@host/name", "postgresql://ann:***@host/name"),
        ("postgresql://:planted@host/name", "postgresql://:***@host/name"),
        ("postgresql://ann:pl@nt/ed?x#y@host/name", "postgresql://ann:***@host/name"),
        ("postgresql://ann:%70lanted@host:5432/name", "postgresql://ann:***@host:5432/name"),
        ("postgresql://ann:planted@h1:1,h2:2/name?a=1", "postgresql://ann:***@h1:1,h2:2/name?a=1"),
        ("postgresql://ann:planted@h1,ben:planted@h2/name", "postgresql://ann:***@h2/name"),
        ("postgresql://host/name?user=ann&password=planted", "postgresql://host/name?user=ann&password=***"),
        ("postgresql:///name?host=/run&p%61ssword=planted", "postgresql:///name?host=/run&p%61ssword=***"),
        ("postgresql://host/name?PGPASSWORD=planted;sslpassword=planted", None),
        ("postgresql://host/name?options=-c%20password%3Dplanted", "postgresql://host/name?options=***"),
        ("postgresql://host/name?url=http%3A//ann%3Aplanted%40h", "postgresql://host/name?url=***"),
        ("sqlite:///file:keydesk.db?key=planted&uri=true", "sqlite:///file:keydesk.db?key=***&uri=true"),
        ("http://ann:planted@proxy:3128", "http://ann:***@proxy:3128"),
        ("http://planted@proxy:3128", "http://:***@proxy:3128"),
        ("ann:planted@host/name", None),
        ("host=h user=ann password='planted \\' planted' port=1", "host=h user=ann password=*** port=1"),
        ("sqlite:///keydesk.db", "sqlite:///keydesk.db"),
        ("plain \x1b[31m \udcff", "plain \ufffd[31m \ufffd"),
    ],
)
def test_passwords_are_hidden_and_all_else_is_shown(written: str, shown: str | None) -> None:
    """In user info, queries, options, DSNs; what is in the way of a terminal is not sent there."""
    found = hide_passwords(written)
    assert "planted" not in found
    assert shown in (None, found)


@pytest.mark.parametrize(
    "written",
    ["postgresql://ann:planted@host:port/name", "planted", "user=ann planted", "://planted", "\udcffplanted"],
)
def test_of_an_address_that_is_none_nothing_is_shown(written: str) -> None:
    """Nobody knows where the password is in it."""
    assert show_setting("KEYDESK_DATABASE_URL", written) == "…"


def test_what_is_to_be_masked_in_logs_is_found() -> None:
    """The password before the host and those in the query."""
    address = "postgresql://ann:one@host/name?sslpassword=two&host=three"
    assert list(list_passwords(address)) == ["one", "two"]
