"""`keydesk info`: what Slack's Home tab and `/keys info` show, at a glance."""

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.tables import AsJson, Cell, print_facts, print_json
from desk.directory.sync_steps import find_open_sync
from desk.incidents.listing import list_current, list_drafts
from desk.keys.lookup import KeyFilter, KeyView, count_keys
from desk.messages.dead_letters import list_dead
from desk.pages.pages import find_organization, list_pages
from desk.people import member_name
from desk.permissions import list_owner_ids
from desk.requests.lookup import list_pending_requests
from desk.transaction import Transaction
from storage.models import SyncStatus

_MOST = 1000


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def info(context: typer.Context, as_json: AsJson = False) -> None:
        """Show ids, base URL and owners, what is open, and what waits for somebody."""

        def work(tx: Transaction) -> tuple[list[tuple[str, Cell]], list[tuple[str, str]]]:
            return _facts(tx), [(page.name, page.id) for page in list_pages(tx.session)]

        with console_of(context).desk() as desk:
            facts, pages = desk.read_now(operator(), work)
        if as_json:
            named = [{"id": page_id, "name": name} for name, page_id in pages]
            print_json({**{name.replace(" ", "_"): value for name, value in facts}, "pages": named})
            return
        print_facts(facts)
        say("\nPages" if pages else "\nThere is no page yet: 'keydesk seed pages.yml' makes one.")
        if pages:
            print_facts([(page_id, name) for name, page_id in pages])


def _facts(tx: Transaction) -> list[tuple[str, Cell]]:
    organization = find_organization(tx.session)
    current = list_current(tx)
    planned = sum(each.incident.scheduled_for is not None for each in current)
    sync = find_open_sync(tx)
    waits = sync is not None and sync.status == SyncStatus.STOPPED
    return [
        ("organization", organization.name if organization else "not named yet"),
        ("id", tx.organization),
        ("base URL", f"{tx.policy.base_url}/v1"),
        ("owners", ", ".join(member_name(tx.session, owner) for owner in list_owner_ids(tx)) or "nobody yet"),
        ("open incidents", len(current) - planned),
        ("maintenances", planned),
        ("drafts waiting", len(list_drafts(tx).waiting)),
        ("requests waiting", len(list_pending_requests(tx))),
        ("unused keys", count_keys(tx, KeyFilter(view=KeyView.UNUSED))),
        ("not delivered", len(list_dead(tx, limit=_MOST))),
        ("stopped sync", "waits for 'keydesk roles sync --apply'" if waits else ""),
    ]
