"""What documents link to is there: pages, headings, pictures and files."""

import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "sandbox" / "PROTOCOL.md",
]
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
_PICTURE = re.compile(r'<img alt="[^"]+" src="([^"]+[.]webp)" width="(\d+)">')
_HEADING = re.compile(r"^#{1,6} (.+?) *$", re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = _HEADING.findall(_FENCE.sub("", text))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def _links(page: Path) -> Iterator[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    # A link around a picture is one within another.
    yield from (one or other for one, other in _LINK.findall(_CODE.sub("", text)))


def _is_there(page: Path, link: str) -> bool:
    if link.startswith(("http://", "https://", "mailto:")):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in _anchors(target.read_text(encoding="utf-8"))


def test_every_link_leads_somewhere() -> None:
    """Within the repository; what is elsewhere is not asked for."""
    lost = [f"{page.name}: {link}" for page in PAGES for link in _links(page) if not _is_there(page, link)]
    assert lost == []


def test_lost_links_are_noticed() -> None:
    """A file, a heading and a picture that are not there."""
    page = ROOT / "README.md"
    assert _is_there(page, "docs/incidents.md#in-one-line")
    for link in ("docs/nowhere.md", "docs/incidents.md#nowhere", "docs/pictures/nowhere.png", "../../etc/passwd"):
        assert not _is_there(page, link)


def test_every_document_is_found_from_the_index() -> None:
    """docs/README.md leads to every page; a page that nobody finds helps nobody."""
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}
    assert {page.name for page in (ROOT / "docs").glob("*.md") if page.resolve() not in listed} <= {"README.md"}


def test_pictures_have_twice_as_many_dots() -> None:
    """As they are shown: they are sharp on every screen, and there is one for the dark theme of each."""
    shown = [
        (ROOT / page.parent / source, int(width))
        for page in PAGES
        for source, width in _PICTURE.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(shown) > 10
    for path, width in shown:
        for theme in (path, path.with_stem(f"{path.stem}-dark")):
            with Image.open(theme) as picture:
                assert picture.width >= 2 * width, theme


def test_every_picture_is_shown() -> None:
    """A picture on no page is one that nobody takes anew."""
    shown = {link.rpartition("/")[2] for page in PAGES for link in _links(page) if "pictures/" in link}
    assert {path.name for path in (ROOT / "docs" / "pictures").iterdir()} == shown
