"""The catalogue of what people do to keys."""

from collections import Counter

from desk.audit.trail import Action
from desk.keys.rules import Change
from handlers.slack.keys.catalogue import BY_CHANGE, CATALOGUE


def test_every_change_has_one_row() -> None:
    """Whatever the rules let people do to a key, Slack offers, once; looking at one is no change."""
    ways = [way.change for row in CATALOGUE for way in (row, row.otherwise) if way is not None]
    assert Counter(ways) == Counter(set(Change) - {Change.SEE})
    assert set(BY_CHANGE) == set(ways)


def test_places_are_taken_once() -> None:
    """No two changes stand at one place of the menu or of help, and each history has words of its own."""
    for places in (
        [row.menu_place for row in CATALOGUE if row.menu_place is not None],
        [row.usage.place for row in CATALOGUE if row.usage is not None],
    ):
        assert sorted(places) == list(range(1, len(places) + 1))
    past: dict[Action, str] = {row.audited: row.past for row in BY_CHANGE.values()}
    assert len(set(past.values())) == len(past) == len(BY_CHANGE)


def test_what_people_do_otherwise_has_the_same_button() -> None:
    """A change and what people do who may not make it share a button and a modal, and both have a form."""
    for row in CATALOGUE:
        if row.otherwise is not None:
            assert row.form is not None
            assert row.otherwise.form is not None
            assert (row.otherwise.action_id, row.otherwise.menu_place) == (row.action_id, row.menu_place)
            assert row.otherwise.form.callback_id == row.form.callback_id
            assert row.otherwise.otherwise is None
