"""`keydesk templates`: words kept for the next time."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.incident.options import OnPage
from bot.commands.tables import AsJson, Cell, print_facts, print_list
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.errors import InvalidInputError
from desk.incidents.authority import get_page_meant
from desk.incidents.components import get_component_by_word, list_components
from desk.incidents.lookup import get_incident_by_word
from desk.incidents.templates import (
    change_template,
    create_template,
    create_template_from,
    delete_template,
    get_template_by_word,
    list_placeholders,
    list_usable_templates,
)
from desk.incidents.words import STATUSES, find_status
from desk.pages.pages import get_page_by_word, page_names
from desk.transaction import Transaction
from storage.models import IncidentStatus, IncidentTemplate, Role

Called = Annotated[str, typer.Argument(help="The template's name or id.")]
Title = Annotated[str, typer.Option(help="What incidents are called that are made from it.")]
Status = Annotated[str, typer.Option(help="The status with which they begin.")]
Components = Annotated[list[str] | None, typer.Option("--component", "-c", help="What it is about. Can be repeated.")]


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Keep words for the next time: 'keydesk incident new --template NAME' uses them.", no_args_is_help=True
    )
    cli.add_typer(family, name="templates")
    _register_looks(family)
    _register_new(family)
    _register_edit(family)
    _register_ends(family)


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(context: typer.Context, page: OnPage = None, as_json: AsJson = False) -> None:
        """List templates by page and name."""

        def work(tx: Transaction) -> list[Sequence[Cell]]:
            return [_row(tx, one) for one in list_usable_templates(tx, _page_id(tx, page))]

        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), work)
        print_list(("id", "name", "page", "title", "status"), rows, nothing="No template.", as_json=as_json)

    @family.command()
    def show(context: typer.Context, template: Called, page: OnPage = None, as_json: AsJson = False) -> None:
        """Show what a template says, and what is filled in when it is used."""
        with console_of(context).desk() as desk:
            facts = desk.read_now(operator(), lambda tx: _facts(tx, _get(tx, template, page)))
        print_facts(facts, as_json=as_json)


def _register_new(family: typer.Typer) -> None:
    @family.command()
    def new(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="By which people choose it.")],
        title: Title,
        page: OnPage = None,
        body: Body = None,
        body_file: BodyFile = None,
        status: Status = "",
        component: Components = None,
        quietly: Annotated[bool, typer.Option("--quietly", help="Incidents made from it notify nobody.")] = False,
    ) -> None:
        """Keep words for the next time; {{region}} in them is filled in then."""
        text = read_text(body, body_file)

        def work(tx: Transaction) -> IncidentTemplate:
            meant = get_page_meant(tx, Role.INCIDENT_MANAGER, page)
            return create_template(
                tx,
                meant.id,
                name=name,
                title=title,
                body=text,
                update_status=_status(status),
                component_ids=_components(tx, meant.id, component or []),
                should_send_notifications=not quietly,
            )

        with kept_when_refused(text), console_of(context).desk() as desk:
            made = desk.write_now(operator(), work)
        say(f"Kept as the template “{made.name}” (id {made.id}).")

    @family.command()
    def save(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="An incident, by its name, id or link.")],
        name: Annotated[str, typer.Option("--as", help="By which people choose it.")],
    ) -> None:
        """Keep what an incident first said, and its components, as a template."""

        def work(tx: Transaction) -> IncidentTemplate:
            return create_template_from(tx, get_incident_by_word(tx.session, incident).id, name=name)

        with console_of(context).desk() as desk:
            made = desk.write_now(operator(), work)
        say(f"Kept as the template “{made.name}” (id {made.id}).")


def _register_edit(family: typer.Typer) -> None:
    @family.command()
    def edit(
        context: typer.Context,
        template: Called,
        page: OnPage = None,
        rename: Annotated[str, typer.Option(help="Call it something else.")] = "",
        title: Title = "",
        body: Body = None,
        body_file: BodyFile = None,
        status: Status = "",
        component: Components = None,
        quietly: Annotated[
            bool | None, typer.Option("--quietly/--loudly", help="Whether incidents made from it notify nobody.")
        ] = None,
    ) -> None:
        """Change a template; what is not said stays."""
        console = console_of(context)
        with console.desk() as desk:
            seen = desk.read_now(operator(), lambda tx: _get(tx, template, page))
        text = read_text(body, body_file, text=seen.body)

        def work(tx: Transaction) -> IncidentTemplate:
            return change_template(
                tx,
                seen.id,
                seen_at=seen.updated_at,
                name=rename or seen.name,
                title=title or seen.title,
                body=text,
                update_status=_status(status) or (IncidentStatus(seen.update_status) if seen.update_status else None),
                component_ids=_components(tx, seen.page_id, component) if component else seen.component_ids,
                should_send_notifications=seen.should_send_notifications if quietly is None else not quietly,
            )

        with kept_when_refused(text), console.desk() as desk:
            changed = desk.write_now(operator(), work)
        say(f"The template “{changed.name}” is changed.")


def _register_ends(family: typer.Typer) -> None:
    @family.command()
    def delete(context: typer.Context, template: Called, page: OnPage = None) -> None:
        """Forget a template."""

        def work(tx: Transaction) -> IncidentTemplate:
            found = _get(tx, template, page)
            return delete_template(tx, found.page_id, found.id)

        with console_of(context).desk() as desk:
            gone = desk.write_now(operator(), work)
        say(f"The template “{gone.name}” is deleted.")


def _page_id(tx: Transaction, word: str | None) -> str | None:
    return get_page_by_word(tx.session, word).id if word else None


def _get(tx: Transaction, word: str, page: str | None) -> IncidentTemplate:
    return get_template_by_word(tx, word, page_id=_page_id(tx, page))


def _status(word: str) -> IncidentStatus | None:
    status = find_status(word) if word else None
    if word and status is None:
        raise InvalidInputError(f"“{word}” is no status.", f"There is {', '.join(STATUSES)}.", field="status")
    return status


def _components(tx: Transaction, page_id: str, words: Sequence[str]) -> list[str]:
    return [get_component_by_word(tx.session, page_id, word).id for word in words]


def _row(tx: Transaction, template: IncidentTemplate) -> Sequence[Cell]:
    page = page_names(tx.session, [template.page_id])
    status = str(template.update_status) if template.update_status else None
    return template.id, template.name, page, template.title, status


def _facts(tx: Transaction, template: IncidentTemplate) -> list[tuple[str, Cell]]:
    names = {row.id: row.name for row in list_components(tx.session, template.page_id)}
    return [
        *zip(("id", "name", "page", "title", "status"), _row(tx, template), strict=True),
        ("components", ", ".join(names[one] for one in template.component_ids if one in names)),
        ("notifies", template.should_send_notifications),
        ("to be filled in", ", ".join(list_placeholders(template.title, template.body))),
        ("says", template.body),
    ]
