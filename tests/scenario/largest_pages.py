"""Every command and form of pages and components in the largest world."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from desk.configuration.fields import MAX_NAME
from handlers.slack.pages.lists import SHEET
from handlers.slack.pages.views import MAX_INPUT
from sandbox.player import Player
from storage.models import Component, Page
from tests.factories import add_component
from tests.scenario.largest_world import World, longest

PAGE = 5
"""Of the world's pages one that no incident is about."""


def add_components(session: Session, world: World, now: datetime) -> dict[str, str]:
    """A page's components and groups, many of them retired, each with a name as long as can be; some ids by what they
    are."""
    page = session.get_one(Page, world.pages[PAGE])
    group = _add(session, page, now, 1, group=True)
    rows = [_add(session, page, now, number, group_id=group.id) for number in range(1, SHEET + 5)]
    alone = [_add(session, page, now, number) for number in range(2, SHEET + 5)]
    gone = [_add(session, page, now, number, retired_at=now) for number in range(SHEET + 5)]
    gone_group = _add(session, page, now, 1, group=True, retired_at=now)
    return {
        "group": group.id,
        "member": rows[0].id,
        "alone": alone[0].id,
        "other": alone[1].id,
        "gone": gone[0].id,
        "gone group": gone_group.id,
    }


def _add(session: Session, page: Page, now: datetime, number: int, **values: object) -> Component:
    name, words = longest(MAX_NAME, number), longest(MAX_INPUT, number, lines=True)
    return add_component(session, page, now, name=name, description=words, position=number, **values)


def page_commands(world: World, ids: dict[str, str]) -> list[str]:
    """Everything about pages that can be typed, with the largest words."""
    hostile, page = longest(400, 0), world.pages[PAGE]
    name = f'"{longest(MAX_NAME, 1).replace(chr(96), "")}"'
    lines = [
        "",
        "help",
        "list",
        f"show {page}",
        f"show {hostile}",
        f"retired {page}",
        f"add {name} on {page}",
        f"group {name} on {page}",
        f"add {hostile}",
        *(f"change {ids[what]} on {page}" for what in ("alone", "group")),
        f"change {hostile} on {page}",
        f"retire {name} on {page}",
        f"retire {ids['other']} on {page}",
        f"restore {ids['other']} on {page}",
        f"restore {ids['gone group']} on {page}",
        f"restore {hostile} on {page}",
        *(f"{part} {page}" for part in ("texts", "look", "policy")),
        hostile,
    ]
    return [f"/page {line}".strip() for line in lines]


def fill_in_pages(player: Player, world: World, ids: dict[str, str]) -> Iterator[None]:
    """Each form, sent with the longest words; what it becomes is on the screen after each."""
    page = world.pages[PAGE]
    words = {"name": longest(MAX_NAME, 2), "description": longest(MAX_INPUT, 2, lines=True)}
    player.type_command(f"/page change {ids['member']} on {page}")
    player.options("group_id", "")
    assert player.submit(**words, position="99999") == {}
    yield
    player.type_command(f"/page group on {page}")
    player.options("components", "")
    assert player.submit(**words, components=[ids["alone"]]) == {}
    yield
    player.type_command(f"/page texts {page}")
    texts = {"headline": longest(MAX_NAME, 0), "footer_text": longest(MAX_INPUT, 1), "name": longest(MAX_NAME, 3)}
    assert list(player.submit(**texts, time_zone=longest(MAX_NAME, 0))) == ["time_zone"]
    assert player.submit(time_zone="UTC") == {}
    yield
