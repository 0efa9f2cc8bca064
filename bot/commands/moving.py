"""`keydesk import`: a page of a Statuspage elsewhere, taken over with all that was ever said on it."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from bot.commands.console import LONG_SECONDS, complain, console_of, operator, say
from bot.commands.upstream import read_key
from bot.upstream import make_upstream_client
from desk.errors import InvalidInputError
from desk.moving.incidents import settle_states
from desk.moving.records import MovedPage
from desk.moving.taking import Taken, begin_move, note_part, take_incidents, take_page, take_templates
from desk.transaction import Desk
from desk.upstreams.connecting import STATUSPAGE, check_base_url
from desk.upstreams.keys import CALLS_A_MINUTE
from handlers.upstream.budget import WINDOW, Budget
from handlers.upstream.moving import PART, PageMover
from handlers.upstream.patience import PatientReader

_NOT_BROUGHT = (
    "Not brought over: subscribers, metrics, page access users and groups, images, and postmortems that are not "
    "public."
)


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(help="Take pages over from elsewhere.", no_args_is_help=True)
    cli.add_typer(family, name="import")

    @family.command()
    def statuspage(
        context: typer.Context,
        url: Annotated[str, typer.Argument(help="Where its API is.")] = STATUSPAGE,
        page: Annotated[
            list[str] | None, typer.Option(help="Only this page, by its id or name there. Can be repeated.")
        ] = None,
        calls: Annotated[int, typer.Option(help="How many calls a minute its key is good for.")] = CALLS_A_MINUTE,
    ) -> None:
        """Take pages over with components, groups, templates, incidents and maintenances, under their own ids.

        The key is read from the terminal without showing it, or from standard input, and not kept. Typed again, it
        goes on where it was cut off, and then brings what is new. What was changed here since stays as it is.
        """
        console = console_of(context)
        base_url, secret = check_base_url(url), read_key()

        async def work(desk: Desk) -> Taken:
            client = make_upstream_client(console.settings())
            budget = Budget({"key": calls}, wait_seconds=2 * WINDOW, monotonic=time.monotonic)
            try:
                mover = PageMover(PatientReader(client, base_url, secret, budget, say=complain))
                return await _import(desk, mover, base_url, page)
            finally:
                await client.close()

        with console.desk(seconds=LONG_SECONDS) as desk:
            done = asyncio.run(work(desk))
        for name in done.left:
            say(f"left     {name}: changed here since, so it stays as it is here")
        say(f"{done.new} new, {done.changed} changed, {done.same} as they were.")
        if not done.is_news:
            say("Nothing is new.")
        complain(_NOT_BROUGHT)


async def _import(desk: Desk, mover: PageMover, base_url: str, wanted: Sequence[str] | None) -> Taken:
    pages = await mover.list_pages()
    chosen = [one for one in pages if wanted is None or {one.id, one.name} & set(wanted)]
    if not chosen or len(chosen) < len(set(wanted or ())):
        known = ", ".join(f"{one.name} ({one.id})" for one in pages) or "none"
        raise InvalidInputError("There is no such page at Statuspage.", f"Pages there: {known}.")
    done = Taken()
    for page in chosen:
        done.add(await _import_page(desk, mover, base_url, page))
    return done


async def _import_page(desk: Desk, mover: PageMover, base_url: str, page: MovedPage) -> Taken:
    actor, done = operator(), Taken()
    cut_off_at = desk.write_now(actor, partial(begin_move, page_id=page.id, base_url=base_url))
    if cut_off_at > 1:
        complain(f"{page.name}: going on where the last import was cut off.")
    whole = await mover.read_page(page)
    done.add(desk.write_now(actor, partial(take_page, there=whole)))
    complain(f"{page.name}: {len(whole.components)} components and groups.")
    templates = await mover.read_templates(page.id)
    done.add(desk.write_now(actor, partial(take_templates, page_id=page.id, there=templates)))
    complain(f"{page.name}: {len(templates)} templates.")
    part, count, is_behind = 1, 0, cut_off_at <= 1
    while rows := await mover.read_incidents(page.id, part):
        # What is taken and how far that is are kept together: a kill between the two would read a part once more.
        taken = desk.write_now(actor, partial(take_incidents, page_id=page.id, there=rows))
        done.add(taken)
        count += len(rows)
        complain(f"{page.name}: {count} incidents and maintenances, {done.new} new.")
        if len(rows) < PART:
            break
        # What came since is at the beginning; from where nothing is new, all is known up to where it was cut off.
        # What was deleted meanwhile moved the rest towards the beginning.
        is_jump = not is_behind and not taken.is_news and part < cut_off_at
        part, is_behind = max(part + 1, cut_off_at - 1 if is_jump else 0), is_behind or is_jump or part >= cut_off_at
        desk.write_now(actor, partial(note_part, page_id=page.id, next_part=max(part, cut_off_at)))
    desk.write_now(actor, partial(settle_states, page_id=page.id))
    desk.write_now(actor, partial(note_part, page_id=page.id, next_part=None))
    return done
