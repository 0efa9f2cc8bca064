"""A replica that opens incidents and writes the public folder, which it shares with others."""

import sys
from pathlib import Path

from structlog.testing import capture_logs

from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.public.export import FolderExport
from handlers.http.public.serving import PublicSite
from tests.clock import HeldClock
from tests.databases import open_database
from tests.public_story import change_page, open_incident

ROUNDS = 6


def main(url: str, folder: str, page_id: str, name: str) -> None:
    """Write everything after each of some changes; ends with 0 when nothing was ever in the way."""
    desk = Desk(open_database(url), HeldClock(), Policy())
    export = FolderExport(Path(folder), "one")
    site = PublicSite(desk, monotonic=lambda: 0.0, export=export)
    with capture_logs() as logs:
        for count in range(ROUNDS):
            open_incident(desk, page_id, name=f"{name} {count}")
            change_page(desk, page_id, name=f"Edition {name} {count}")
            site.refresh()
            while site.catch_up():
                pass
    problems = [*logs, *filter(None, [export.find_problem()])]
    if problems:
        sys.exit(str(problems[:3]))
