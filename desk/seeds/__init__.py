"""Pages from a small YAML file: read with an error for every mistake, planted as often as one likes."""

from desk.seeds.changes import Planted
from desk.seeds.past_keys import PastKey, plant_past_key
from desk.seeds.planting import plant_seed
from desk.seeds.reading import InvalidSeedError, read_seed
from desk.seeds.samples import ACME, read_acme
from desk.seeds.shape import ComponentSeed, PageSeed, Seed

__all__ = [
    "ACME",
    "ComponentSeed",
    "InvalidSeedError",
    "PageSeed",
    "PastKey",
    "Planted",
    "Seed",
    "plant_past_key",
    "plant_seed",
    "read_acme",
    "read_seed",
]
