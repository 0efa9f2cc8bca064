"""The page that the demo shows."""

from pathlib import Path

from desk.seeds.reading import read_seed
from desk.seeds.shape import Seed

ACME = Path(__file__).with_name("acme.yml")


def read_acme() -> Seed:
    """The demo's organization and page."""
    return read_seed(ACME.read_text(encoding="utf-8"), ACME.name)
