"""`make docs`: write the lists of all documents anew, and with them the settings' page and the example of `.env`."""

import sys
from pathlib import Path

from bot.settings.document import render_settings_page
from bot.settings.example import render_env_example
from docs.lists.bounds import render_caches, render_tables
from docs.lists.commands import render_commands
from docs.lists.limits import render_limits
from docs.lists.log_events import render_log_events
from docs.lists.marks import UnfinishedListError, fill_in, pages_of
from docs.lists.metrics import render_metrics
from docs.lists.seed_fields import render_component_fields, render_page_fields
from docs.lists.vocabulary import render_audit_events, render_jobs, render_roles, render_scopes

ROOT = Path(__file__).parents[2]
LISTS = {
    "roles": render_roles,
    "scopes": render_scopes,
    "jobs": render_jobs,
    "audit-events": render_audit_events,
    "commands": render_commands,
    "limits": render_limits,
    "tables": render_tables,
    "caches": render_caches,
    "log-events": render_log_events,
    "metrics": render_metrics,
    "seed-pages": render_page_fields,
    "seed-components": render_component_fields,
}


def render_documents() -> dict[Path, str]:
    """Every document that has something written by a command, with its whole text."""
    written = {page: fill_in(page.read_text(encoding="utf-8"), LISTS) for page in pages_of(ROOT)}
    return written | {
        ROOT / "docs" / "settings.md": render_settings_page(),
        ROOT / ".env.example": render_env_example(),
    }


def main() -> int:
    """Write what differs, and say so."""
    try:
        documents = render_documents()
    except UnfinishedListError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a tool that says what is missing
        return 1
    for path, text in documents.items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))  # noqa: T201 - a tool that says what it wrote
    return 0


if __name__ == "__main__":
    sys.exit(main())
