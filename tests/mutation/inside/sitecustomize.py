"""Runs first in every Python process that a traced test starts."""

import os
from pathlib import Path

from tests.mutation.tracing import NOTES, Tracer

if NOTES in os.environ:
    Tracer(Path(__file__).parents[3], Path(os.environ[NOTES])).start()
