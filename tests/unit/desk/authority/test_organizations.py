"""Two organizations with everything: what there is in one is neither found, told nor changed from the other."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pytest

from desk.errors import KeydeskError, NotFoundError
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName, Transaction
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR
from tests.unit.desk.authority.doors import Door, find_doors
from tests.unit.desk.authority.neighbours import (
    ELSEWHERE,
    Neighbours,
    find_functions,
    is_handed_a_row,
    list_own_arguments,
    make_neighbours,
    rows_of_the_first,
    shown,
)
from tests.unit.desk.authority.walking import (
    Arguments,
    Opening,
    Outcome,
    Try,
    call,
    is_something,
    read_state,
    try_each,
    undone,
)
from tests.unit.desk.authority.world import OPERATOR, POLICY

_KEY = Actor.key(ELSEWHERE.full_key)
ACTORS = [OPERATOR, *map(Actor.member, (OLIVIA, INES, MIA, MAX, OMAR)), _KEY, *map(Actor.job, JobName)]

WITHOUT_LOOKING: Mapping[str, str] = {
    "directory.events.take_group": "Slack's group of that name; each organization keeps its own row of it",
    "directory.events.take_group_event": "as take_group",
    "directory.events.take_read_group": "as take_group",
    "directory.groups.describe_group": "as take_group",
    "directory.syncs.apply_snapshot": "as take_group",
    "digest.sent.send_digest": "a period is a date, of which each organization has a digest",
    "audit.trail.record": "whoever calls it has done something to what it names",
    "incidents.components.bring_statuses": "whoever calls it has the incident",
    "incidents.elsewhere.changes.owe_states": "whoever calls it has brought the components into these states",
    "incidents.components.record_statuses": "whoever calls it has the incident, and the components locked",
    "keys.tickets.make_ticket": "whoever calls it has the request locked",
    "messages.outbox.enqueue": "whoever calls it has written the subject",
    "messages.outbox.send_card": "whoever calls it has the subject",
    "messages.outbox.send_note": "whoever calls it has the subject",
    "transaction.keys_changed": "it counts a change, of which everybody's mirrors look for their own keys",
    "roles.grants.open_grant": "whoever calls it has the page and the person",
}
"""What is written with a name that nobody has just as well, and why nothing of another organization is in it."""

SAYS_IT_AGAIN: Mapping[str, str] = {
    "digest.composing.count_live": "one's own keys, whichever digest is meant",
    "digest.unused_policy.list_announced": "what stands, whichever digest is meant",
    "directory.events.take_members_event": "that the group must be read first",
    "incidents.authority.get_page_meant": "the page that was named: components tell which where none was",
    "incidents.authority.list_meant": "one's own, whose id says which it is before any word does",
    "incidents.drafts.composing.compose_update": "of an incident that was found: no page is looked for any more",
    "incidents.drafts.content.as_seen": "it gives what it was given",
    "incidents.port.port_of": "it says where to ask, and nothing of the page",
    "keys.restrictions.component_names": "as pages.pages.page_names",
    "keys.restrictions.list_restrictions": "as pages.pages.page_names",
    "keys.meant.meant_instead": "one's own keys with names that are nearly the same",
    "keys.lookup.daily_counts": "none, for each key that was named",
    "pages.pages.page_names": "ids of pages that there are not any more stand for themselves",
    "people.get_answerer": "as get_subject",
    "people.get_subject": "Slack's ids of people and groups that are not known stand for themselves",
    "people.group_name": "as get_subject",
    "people.is_reachable": "whoever is not known may be in Slack all the same",
    "people.member_name": "as get_subject",
    "people.name_of": "as get_subject",
    "permissions.may_write": "it asks for a role, which may be for all pages",
    "requests.lookup.approval_facts": "what an approval by somebody would be worth who is not known",
    "roles.lists.list_grants": "own grants, for all pages",
    "roles.lists.list_holders": "own grants, for all pages",
}
"""What is given for a name that nobody has just as well, and why it is not nothing."""


@pytest.fixture
def policy() -> Policy:
    """Keys that nobody uses are suspended."""
    return POLICY


@pytest.fixture
def two(desk: Desk) -> Neighbours:
    """See `Neighbours`."""
    return make_neighbours(desk)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a call in the second organization."""

    outcome: Outcome
    given: object
    text: str
    """What it gave or said, with every value of it."""
    told: set[str]
    """What of the text is the first organization's, beyond what it was called with."""
    changed: set[str]
    """In which of the two a row is different now."""

    @property
    def is_nothing(self) -> bool:
        """Whether it is what a function gives that finds nothing, and does nothing for that."""
        return not self.changed and (isinstance(self.given, NotFoundError) or not is_something(self.given))


class Visitor:
    """Calls functions in the second organization and leaves nothing of that behind."""

    def __init__(self, two: Neighbours) -> None:
        self.two = two
        self._before = undone(two.second, lambda tx: (rows_of_the_first(tx.session), read_state(tx.session).rows))

    def call(self, door: Door, arguments: Arguments, actor: Actor) -> Seen:
        """Call it as somebody, and look at everything."""

        def work(tx: Transaction) -> Seen:
            tried = _attempt(door, tx, arguments)
            told = self.two.told(tried.given) - self.two.told(dict(arguments))
            changed = self._changed(tx) if tried.outcome is Outcome.WROTE else set()
            return Seen(tried.outcome, tried.given, shown(tried.given), told, changed)

        return undone(self.two.second, work, actor)

    def _changed(self, tx: Transaction) -> set[str]:
        first, all_rows = self._before
        if rows_of_the_first(tx.session) != first:
            return {"first"}
        return {"second"} if read_state(tx.session).rows != all_rows else set()

    def find_opening(self, door: Door) -> Opening:
        """Who gets through, and with what of their own; where nobody does, anything of it."""
        choices = list(list_own_arguments(self.two.second, door))
        for actor in ACTORS:
            tries = try_each(self.two.second, partial(_attempt, door), choices, actor, until=Outcome.WROTE)
            for wanted in (Outcome.WROTE, Outcome.READ):
                for tried, arguments in zip(tries, choices, strict=False):
                    if tried.outcome is wanted:
                        return Opening(actor, arguments)
        return Opening(OPERATOR, choices[0])


def _attempt(door: Door, tx: Transaction, arguments: Arguments) -> Try:
    """What comes of it; where the desk relies on a row, and it is not there, that is a refusal too."""
    try:
        return call(door, tx, arguments)
    except Exception as error:
        return Try(Outcome.FAILED, error, changed=True)


def test_functions_are_found() -> None:
    """All doors are among them, and what only the desk itself calls."""
    assert set(find_doors()) <= set(find_functions())
    assert {"pages.pages.get_page_by_word", "people.member_name", "messages.outbox.send_card"} <= set(
        find_functions()
    ) - {name for name, door in find_functions().items() if is_handed_a_row(door)}


# What restricts statements is the session, of whose kinds each is tried on both databases (`tests.unit.storage`).
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_of_another_organization_can_be_named(two: Neighbours) -> None:
    """Everything that takes an id or a word is called with what is its own but for one name, which is another
    organization's: that is not found, as if nobody had it, and nothing there is changed or told."""
    visitor = Visitor(two)
    stuck = set()
    answers: dict[str, set[str]] = defaultdict(set)
    for name, door in find_functions().items():
        if is_handed_a_row(door) and name not in find_doors():
            continue
        opening = visitor.find_opening(door)
        own = visitor.call(door, opening.arguments, opening.actor)
        assert not own.told, name
        assert "first" not in own.changed, name
        if own.outcome not in (Outcome.WROTE, Outcome.READ):
            stuck.add(name)
        for arguments in two.substitutions(door, opening.arguments):
            answers[name].add(_how_it_is_taken(visitor, door, arguments, opening.actor))
    assert {name for name, taken in answers.items() if WRITTEN in taken} == set(WITHOUT_LOOKING)
    assert {name for name, taken in answers.items() if SAID in taken} == set(SAYS_IT_AGAIN)
    assert len(answers) > 120
    assert stuck == set()


NOT_FOUND, WRITTEN, SAID = "not found", "written", "said"


def _how_it_is_taken(visitor: Visitor, door: Door, arguments: Arguments, actor: Actor) -> str:
    """Whether a name of the first organization is not found, or taken as one is that nobody has."""
    seen = visitor.call(door, arguments, actor)
    assert not seen.told, (door.name, arguments)
    assert "first" not in seen.changed, (door.name, arguments)
    if seen.is_nothing:
        return NOT_FOUND
    if seen.changed and door.name not in find_doors():
        return WRITTEN
    expected = visitor.call(door, visitor.two.unknown(arguments), actor)
    assert seen.outcome is expected.outcome, (door.name, arguments, seen.given)
    assert visitor.two.unknown(seen.text) == expected.text, (door.name, arguments)
    if isinstance(seen.given, KeydeskError):
        return NOT_FOUND
    return WRITTEN if seen.changed else SAID
