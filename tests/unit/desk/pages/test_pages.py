"""Pages, as people name them."""

import pytest

from desk.errors import InvalidInputError, NotFoundError
from desk.pages.pages import get_page, get_page_by_word
from desk.transaction import Desk
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import add_page


def test_a_page_is_known_by_id_short_name_and_name(desk: Desk) -> None:
    """In any case. What means none or several is refused with what there is, and so where there is nothing yet."""
    with desk.database.read() as session:
        with pytest.raises(InvalidInputError, match=r"“acme” is no page\. Pages are: none yet\."):
            get_page_by_word(session, "acme")
        with pytest.raises(NotFoundError):
            get_page(session, "nosuchpage00")
    with desk.database.write() as session:
        acme = add_page(session, NOW, name="Acme Inc")
        add_page(session, NOW, name="Two", subdomain=None)
        add_page(session, NOW, name="Three", subdomain="two")
        for word in (acme.id, acme.id.upper(), " ACME ", "acme inc"):
            assert get_page_by_word(session, word) is acme
        assert get_page(session, acme.id) is acme
        with pytest.raises(InvalidInputError, match=r"“two” means more than one page\. Pages are: acme, two, Two\."):
            get_page_by_word(session, "two")
        with pytest.raises(InvalidInputError, match=r"“nosuch” is no page\. Pages are: acme, two, Two\."):
            get_page_by_word(session, "nosuch")
