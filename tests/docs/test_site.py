"""The documentation's site has what its pages link to. That mkdocs finds no lost link, `make site` says itself."""

from pathlib import Path

import yaml

from docs.site.build import ROOT, copy_pages
from tests.docs.test_links import PAGES


def test_every_page_is_in_the_sites_menu(tmp_path: Path) -> None:
    """But for those about the project itself, to which pages lead; and whatever is in the menu is there."""
    copy_pages(tmp_path)
    menu = str(yaml.safe_load((ROOT / "docs" / "site" / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    pages = {str(page.relative_to(ROOT)) for page in PAGES}
    beside = {"SECURITY.md", "SUPPORT.md", "CODE_OF_CONDUCT.md", "docs/README.md"}
    assert {page for page in pages if page not in menu} == beside
    assert all((tmp_path / page).is_file() for page in pages)
