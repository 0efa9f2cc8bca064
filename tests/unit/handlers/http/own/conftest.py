"""The own API on a fresh database, called in process."""

from collections.abc import AsyncIterator

import pytest

from desk.transaction import Desk
from tests.own_story import OwnApi, own_api


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[OwnApi]:
    """See `own_api`."""
    async with own_api(desk) as given:
        yield given
