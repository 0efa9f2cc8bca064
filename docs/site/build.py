"""Copy what the site shows, with the folders that links lead through; mkdocs makes the site of it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "build" / "site-pages"
SHOWN = (
    *("*.md", "LICENSE", "NOTICE", "manifest.yml", "docs/*.md", "docs/pictures/*", "sandbox/PROTOCOL.md"),
    *("desk/seeds/acme.yml", "deploy/**/*", "bench/RESULTS.md"),
)
"""Pages, and the files that they link to."""


def copy_pages(target: Path) -> None:
    """Make the tree of pages anew."""
    shutil.rmtree(target, ignore_errors=True)
    for pattern in SHOWN:
        for source in sorted(ROOT.glob(pattern)):
            if source.is_file():
                copy = target / source.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)


if __name__ == "__main__":
    copy_pages(PAGES)
