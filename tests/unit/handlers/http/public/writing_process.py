"""A process that writes the public folder anew without end, to be killed."""

import itertools
from pathlib import Path

from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.public.export import FolderExport
from handlers.http.public.serving import PublicSite
from tests.clock import HeldClock
from tests.databases import open_database
from tests.public_story import change_page


def main(url: str, folder: str, page_id: str) -> None:
    """Change the page's name and write everything, again and again."""
    desk = Desk(open_database(url), HeldClock(), Policy())
    export = FolderExport(Path(folder))
    site = PublicSite(desk, monotonic=lambda: 0.0, export=export)
    for count in itertools.count():
        change_page(desk, page_id, name=f"Edition {count} {'of many words ' * (count % 7)}")
        site.refresh()
        while site.catch_up():
            pass
