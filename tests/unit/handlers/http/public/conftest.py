"""The public site on a fresh database, called in process."""

import pytest

from desk.transaction import Desk
from tests.public_story import Story, write_story


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with something of every kind, written before the application starts."""
    return write_story(desk, domain="status.acme.example")
