"""What owners should notice before they approve."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from desk.policy import Policy
from desk.requests.lookup import get_request
from desk.requests.risks import KeyOnFile, Risk, RiskNote, list_risk_notes, risk_notes
from desk.requests.terms import Extent
from desk.transaction import Desk, Transaction
from storage.models import KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import MAX, MIA, OLIVIA, add_key, add_use
from tests.unit.desk.stage import set_stage

PLAIN = Extent(scopes=("read",), pages=("p",), lifetime_days=30)
KEY = KeyOnFile(
    id="k",
    name="terraform prod",
    holder_id=MIA,
    scopes=("read",),
    pages=("p", "q"),
    created_at=NOW - timedelta(days=100),
    last_used_at=NOW - timedelta(days=1),
)


def _notes(
    extent: Extent = PLAIN, *, name: str = "terraform prod", holder_id: str = MIA, keys: tuple[KeyOnFile, ...] = ()
) -> tuple[RiskNote, ...]:
    return risk_notes(
        name=name, extent=extent, requester_id=MIA, holder_id=holder_id, keys=keys, now=NOW, policy=Policy()
    )


def _risks(extent: Extent = PLAIN, *, holder_id: str = MIA) -> list[Risk]:
    return [note.risk for note in _notes(extent, holder_id=holder_id)]


@pytest.mark.parametrize(
    ("extent", "risks"),
    [
        (PLAIN, []),
        (replace(PLAIN, pages=None), [Risk.ALL_PAGES]),
        (replace(PLAIN, scopes=("read", "users:write")), [Risk.WRITES]),
        (replace(PLAIN, lifetime_days=90), []),
        (replace(PLAIN, lifetime_days=91), [Risk.LONGER_THAN_DEFAULT]),
        (replace(PLAIN, lifetime_days=365), [Risk.A_YEAR]),
        (
            Extent(scopes=("metrics:write",), pages=None, lifetime_days=365),
            [Risk.ALL_PAGES, Risk.WRITES, Risk.A_YEAR],
        ),
    ],
)
def test_reach_and_life_are_noticed(extent: Extent, risks: list[Risk]) -> None:
    """All pages, writing, a year, and longer than usual are each said; an ordinary request gives no note."""
    assert _risks(extent) == risks


def test_a_lowered_maximum_is_noticed() -> None:
    """That keys may not live as long any more as was asked is said, and the shorter life is what is judged."""
    notes = risk_notes(
        name="terraform prod",
        extent=replace(PLAIN, lifetime_days=365),
        requester_id=MIA,
        holder_id=MIA,
        keys=(),
        now=NOW,
        policy=Policy(maximum_lifetime=timedelta(days=60)),
    )
    assert notes == (RiskNote(Risk.LONGER_THAN_ALLOWED),)


def test_another_holder_is_noticed() -> None:
    """That somebody else is to answer for the key is said."""
    assert _risks(holder_id=MAX) == [Risk.OTHER_HOLDER]


@pytest.mark.parametrize(
    ("key", "name", "similar"),
    [
        (KEY, "terraform prod", True),
        (KEY, "something else", True),
        (replace(KEY, holder_id=MAX), "Terraform Prod", True),
        (replace(KEY, holder_id=MAX), "terraform-prod2", True),
        (replace(KEY, holder_id=MAX), "grafana", False),
        (replace(KEY, scopes=("users:write",)), "terraform prod", False),
        (replace(KEY, pages=("r",)), "terraform prod", False),
        (replace(KEY, pages=None), "terraform prod", True),
    ],
)
def test_what_counts_as_similar(key: KeyOnFile, name: str, similar: bool) -> None:
    """A key is similar when it shares a page and a scope, and has the same holder or nearly the same name."""
    assert bool(_notes(name=name, keys=(key,))) is similar


def test_an_unused_similar_key_is_named_first() -> None:
    """Of several similar keys the one that was idle longest is named, with how long."""
    idle = replace(KEY, id="idle", last_used_at=NOW - timedelta(days=41))
    assert _notes(keys=(KEY, idle)) == (RiskNote(Risk.SIMILAR_UNUSED, idle, timedelta(days=41)),)


def test_a_key_never_used_is_idle_since_it_was_made() -> None:
    """A similar key that was never used counts from its making; a new one is not called unused."""
    never = replace(KEY, last_used_at=None)
    assert _notes(keys=(never,)) == (RiskNote(Risk.SIMILAR_UNUSED, never, timedelta(days=100)),)
    young = replace(never, created_at=NOW - timedelta(days=2))
    assert _notes(keys=(young,)) == (RiskNote(Risk.SIMILAR_IN_USE, young),)


def test_only_keys_that_work_are_on_file(desk: Desk) -> None:
    """Keys that are revoked, suspended, expired or retired are no reason to deny; the working one is named."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        add_key(session, NOW, name="revoked", status=KeyStatus.REVOKED)
        add_key(session, NOW, name="suspended", status=KeyStatus.SUSPENDED)
        add_key(session, NOW, name="expired", expires_at=NOW)
        add_key(session, NOW, name="retired", retires_at=NOW)
        works = add_key(session, NOW - timedelta(days=50), name="works", expires_at=NOW + timedelta(days=1))
        add_use(session, works, last_used_at=NOW - timedelta(days=35), reads=1)
    request = stage.ask(lifetime_days=30)

    def notes(tx: Transaction) -> list[tuple[Risk, str | None]]:
        found = list_risk_notes(tx, get_request(tx, request.id))
        return [(note.risk, note.key.name if note.key else None) for note in found]

    assert stage.see(OLIVIA, partial(notes)) == [(Risk.WRITES, None), (Risk.SIMILAR_UNUSED, "works")]
