"""`keydesk components`: what is on a status page, looked at and changed by an operator."""

import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

import typer

from bot.commands.console import complain, console_of, operator, say
from bot.commands.tables import print_table
from desk.configuration.components import create_component, edit_component, restore_component, retire_component
from desk.configuration.fields import ComponentFields, GroupFields
from desk.configuration.groups import create_group
from desk.configuration.lookup import get_by_word, get_configurable_page_by_word, list_namesakes
from desk.errors import InvalidInputError
from desk.incidents.components import full_name, list_components, list_retired
from desk.pages.status import worst
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, Page

T = TypeVar("T")

Name = Annotated[
    str, typer.Argument(help="The component's or group's name, its full name with its group's, or its id.")
]
OfPage = Annotated[str | None, typer.Option("--page", help="A page's id, subdomain or name, if there are several.")]
NO_GROUP = "none"


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(help="See what is on a status page, and change it.", no_args_is_help=True)
    cli.add_typer(family, name="components")
    _register_looks(family)
    _register_changes(family)
    _register_ends(family)


def _on_page(
    context: typer.Context, page: str | None, work: Callable[[Transaction, Page], T], *, component: str = ""
) -> T:
    """Work on the page that is meant: where none is named, the only one, or the only one that has the component."""
    with console_of(context).desk() as desk:
        return desk.write_now(
            operator(), lambda tx: work(tx, get_configurable_page_by_word(tx, page, component=component))
        )


def _change(context: typer.Context, page: str | None, word: str, fields: ComponentFields) -> None:
    """Change what a word means, and say so."""

    def work(tx: Transaction, of: Page) -> tuple[Component, list[str]]:
        row = edit_component(tx, get_by_word(tx, of.id, word).id, fields)
        return row, [one.id for one in list_namesakes(tx.session, row)]

    row, namesakes = _on_page(context, page, work, component=word)
    say(f"“{row.name}” ({row.id}) is changed.")
    _warn(row, namesakes)


def _warn(row: Component, namesakes: list[str]) -> None:
    if namesakes:
        complain(f"“{row.name}” is there already, as {', '.join(namesakes)}: readers cannot tell them apart.")


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(
        context: typer.Context,
        page: OfPage = None,
        retired: Annotated[bool, typer.Option("--retired", help="What is not on the page any more.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    ) -> None:
        """List what is on a page, in its order."""

        def work(tx: Transaction, of: Page) -> list[dict[str, object]]:
            shown, gone = list_components(tx.session, of.id), list_retired(tx.session, of.id)
            groups = {row.id: row.name for row in (*gone, *shown) if row.group}
            return [_facts(row, groups, shown) for row in (gone if retired else shown)]

        rows = _on_page(context, page, work)
        if as_json:
            say(json.dumps(rows, indent=2, ensure_ascii=False))
        elif not rows:
            say("Nothing.")
        else:
            headings = ("id", "position", "name", "status", "shown")
            print_table(headings, [tuple(str(row[heading]) for heading in headings) for row in rows])


def _facts(row: Component, groups: dict[str, str], shown: object) -> dict[str, object]:
    assert isinstance(shown, list | tuple)
    states = [ComponentStatus(one.status) for one in shown if one.group_id == row.id]
    marks = [] if row.group or row.showcase else ["without uptime"]
    marks += ["only while degraded"] if row.only_show_if_degraded else []
    return {
        "id": row.id,
        "position": row.position,
        "name": full_name(row, groups),
        "group": row.group,
        "status": str(worst(states) if row.group else row.status),
        "shown": "retired" if row.retired_at else ", ".join(marks) or "yes",
        "retired_at": row.retired_at.isoformat() if row.retired_at else None,
    }


def _register_changes(family: typer.Typer) -> None:
    @family.command()
    def add(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What readers call it.")],
        page: OfPage = None,
        description: Annotated[str, typer.Option(help="What it is, below its name.")] = "",
        group: Annotated[str | None, typer.Option(help="The group that it is to be in.")] = None,
        member: Annotated[
            list[str] | None, typer.Option("--with", help="Makes a group with this component; once for each.")
        ] = None,
        position: Annotated[int | None, typer.Option(help="From 1, within its group; without it, the last.")] = None,
        start_date: Annotated[
            str | None, typer.Option(help="From when on its uptime is told, as 2026-03-02.")
        ] = None,
    ) -> None:
        """Make a component or, with --with, a group of components."""

        def work(tx: Transaction, of: Page) -> tuple[Component, list[str]]:
            if member:
                fields = GroupFields(name=name, description=description)
                fields["components"] = [get_by_word(tx, of.id, word).id for word in member]
                row = create_group(tx, of.id, fields if position is None else {**fields, "position": position})
            else:
                values = ComponentFields(name=name, description=description)
                values["group_id"] = get_by_word(tx, of.id, group).id if group else None
                values["start_date"] = _day(start_date) if start_date else None
                row = create_component(tx, of.id, values if position is None else {**values, "position": position})
            return row, [one.id for one in list_namesakes(tx.session, row)]

        row, namesakes = _on_page(context, page, work)
        say(f"“{row.name}” ({row.id}) is on the page.")
        _warn(row, namesakes)

    @family.command()
    def rename(
        context: typer.Context,
        component: Name,
        name: Annotated[str, typer.Argument(help="The new name.")],
        page: OfPage = None,
    ) -> None:
        """Call a component or group something else. What is past keeps the name of then."""
        _change(context, page, component, ComponentFields(name=name))

    @family.command()
    def describe(
        context: typer.Context,
        component: Name,
        description: Annotated[str | None, typer.Argument(help="What it is; an empty text takes it back.")] = None,
        page: OfPage = None,
        automation_email: Annotated[
            str | None,
            typer.Option(help="Statuspage's address for mail to it; kept for clients, and no mail is taken."),
        ] = None,
    ) -> None:
        """Say what a component or group is, below its name."""
        fields = ComponentFields()
        if description is not None:
            fields["description"] = description
        if automation_email is not None:
            fields["automation_email"] = automation_email
        if not fields:
            raise InvalidInputError("Say what it is.", "Behind its name, in quotation marks.")
        _change(context, page, component, fields)

    @family.command()
    def move(
        context: typer.Context,
        component: Name,
        page: OfPage = None,
        group: Annotated[str | None, typer.Option(help=f"Into this group, or out of all with '{NO_GROUP}'.")] = None,
        position: Annotated[int | None, typer.Option(help="From 1, within its group; without it, the last.")] = None,
    ) -> None:
        """Move a component within its group or into another one, or a group among what stands beside it."""

        def work(tx: Transaction, of: Page) -> Component:
            row = get_by_word(tx, of.id, component)
            fields = ComponentFields()
            if group is not None:
                fields["group_id"] = None if group == NO_GROUP else get_by_word(tx, of.id, group).id
            if position is not None:
                fields["position"] = position
            if not fields:
                raise InvalidInputError("Say where to.", "With --position, --group or both.")
            return edit_component(tx, row.id, fields)

        row = _on_page(context, page, work, component=component)
        say(f"“{row.name}” is at position {row.position}.")

    @family.command()
    def hide(
        context: typer.Context,
        component: Name,
        page: OfPage = None,
        no_uptime: Annotated[
            bool | None, typer.Option("--no-uptime/--uptime", help="Whether the page leaves its uptime out.")
        ] = None,
        only_degraded: Annotated[
            bool | None, typer.Option("--only-degraded/--while-well", help="Whether it is hidden while it is well.")
        ] = None,
    ) -> None:
        """Hide a component while it is well, or its uptime; or show them again."""
        fields = ComponentFields()
        if no_uptime is not None:
            fields["showcase"] = not no_uptime
        if only_degraded is not None or no_uptime is None:
            fields["only_show_if_degraded"] = only_degraded is not False
        _change(context, page, component, fields)


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise InvalidInputError(f"“{word}” is no date.", "Write it as in 2026-03-02.") from None


def _register_ends(family: typer.Typer) -> None:
    @family.command()
    def retire(context: typer.Context, component: Name, page: OfPage = None) -> None:
        """Take a component or group off the page. It can be brought back, and what is past keeps its name."""

        def work(tx: Transaction, of: Page) -> Component:
            return retire_component(tx, get_by_word(tx, of.id, component).id)

        row = _on_page(context, page, work, component=component)
        say(f"“{row.name}” is retired. 'keydesk components restore {row.id}' brings it back.")

    @family.command()
    def restore(
        context: typer.Context,
        component: Name,
        page: OfPage = None,
        member: Annotated[
            list[str] | None, typer.Option("--with", help="What a group is to have; once for each component.")
        ] = None,
    ) -> None:
        """Bring a component or group back that was retired."""

        def work(tx: Transaction, of: Page) -> Component:
            row = get_by_word(tx, of.id, component, retired=True)
            members = [get_by_word(tx, of.id, word).id for word in member or ()]
            return restore_component(tx, row.id, members=members)

        row = _on_page(context, page, work, component=component)
        say(f"“{row.name}” is on the page again.")
