"""What owners should notice before they approve."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from desk.requests.lookup import get_request
from desk.requests.requests import withdraw
from desk.requests.risks import KeyOnFile, Risk, RiskNote, list_risk_notes, risk_notes
from desk.requests.terms import Extent
from desk.transaction import Desk, Transaction
from storage.models import KeyRequest, KeyStatus, Member
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, add_key, add_use
from tests.policies import policy_of
from tests.unit.desk.stage import set_stage

PLAIN = Extent(scopes=("read",), pages=("p",), lifetime_days=30)
KEY = KeyOnFile(
    id="k",
    name="terraform prod",
    purpose="We automate the page.",
    holder_id=MIA,
    scopes=("read", "incidents:write"),
    pages=("p",),
    created_at=NOW - timedelta(days=100),
    last_used_at=NOW - timedelta(days=1),
)


def _notes(
    extent: Extent = PLAIN,
    *,
    name: str = "page bot",
    purpose: str = "We automate the page.",
    holder_id: str = MIA,
    keys: tuple[KeyOnFile, ...] = (),
    asked_names: tuple[str, ...] = (),
) -> tuple[RiskNote, ...]:
    return risk_notes(
        name=name,
        purpose=purpose,
        extent=extent,
        requester_id=MIA,
        holder_id=holder_id,
        keys=keys,
        asked_names=asked_names,
        now=NOW,
        policy=policy_of(),
    )


def _risks(extent: Extent = PLAIN, *, holder_id: str = MIA) -> list[Risk]:
    return [note.risk for note in _notes(extent, holder_id=holder_id)]


@pytest.mark.parametrize(
    ("extent", "risks"),
    [
        (PLAIN, []),
        (replace(PLAIN, pages=None), [Risk.ALL_PAGES]),
        (replace(PLAIN, scopes=("read", "incidents:write")), [Risk.WRITES]),
        (replace(PLAIN, scopes=("read", "users:write")), [Risk.WRITES, Risk.MANAGES_USERS]),
        (replace(PLAIN, scopes=("page_configuration:write",)), [Risk.WRITES, Risk.CONFIGURES]),
        (replace(PLAIN, scopes=("subscribers:write",)), [Risk.WRITES, Risk.TOUCHES_SUBSCRIBERS]),
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
        purpose="",
        extent=replace(PLAIN, lifetime_days=365),
        requester_id=MIA,
        holder_id=MIA,
        keys=(),
        now=NOW,
        policy=policy_of(maximum_lifetime=timedelta(days=60)),
    )
    assert notes == (RiskNote(Risk.LONGER_THAN_ALLOWED),)


def test_another_holder_is_noticed() -> None:
    """That somebody else is to answer for the key is said."""
    assert _risks(holder_id=MAX) == [Risk.OTHER_HOLDER]


@pytest.mark.parametrize(
    ("key", "similar"),
    [
        (KEY, True),
        (replace(KEY, holder_id=MAX), True),
        (replace(KEY, holder_id=None, scopes=("read",)), True),
        (replace(KEY, purpose="we  automate\nthe Page"), True),
        (replace(KEY, purpose="Grafana shows uptime."), False),
        (replace(KEY, purpose=""), False),
        (replace(KEY, scopes=("incidents:write",)), False),
        (replace(KEY, pages=("p", "q")), False),
        (replace(KEY, pages=("q",)), False),
        (replace(KEY, pages=None), False),
    ],
)
def test_what_counts_as_similar(key: KeyOnFile, similar: bool) -> None:
    """A key is similar when it does what is asked: on the same pages, with the same or wider scopes, for the same
    purpose; whoever holds it."""
    assert bool(_notes(keys=(key,))) is similar


def test_pages_in_another_order_are_the_same_pages() -> None:
    """The order in which pages were chosen says nothing."""
    notes = _notes(replace(PLAIN, pages=("p", "q")), keys=(replace(KEY, pages=("q", "p")),))
    assert [note.risk for note in notes] == [Risk.SIMILAR_IN_USE]


def test_a_name_that_is_taken_is_noticed() -> None:
    """An active key and an open request of the same name are pointed out, in any case and form."""
    other = replace(KEY, name="Überwachung", purpose="Something else.", pages=("r",))
    assert _notes(name="u\u0308berwachung", keys=(other,)) == (RiskNote(Risk.SAME_NAME_KEY, other),)
    assert [note.risk for note in _notes(asked_names=("Page Bot",))] == [Risk.SAME_NAME_ASKED]
    assert _notes(asked_names=("page bot 2",)) == ()


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


@both_databases
def test_only_keys_that_work_are_on_file(desk: Desk) -> None:
    """Keys that are revoked, suspended, expired or retired are no reason to deny; the working one is named, unless it
    is the one that is taken over."""
    stage = set_stage(desk)
    alike = {"purpose": "We automate the page.", "scopes": ["read", "components:write"], "pages": [stage.page.id]}
    with desk.database.write() as session:
        for ended in (
            {"status": KeyStatus.REVOKED},
            {"status": KeyStatus.SUSPENDED},
            {"expires_at": NOW},
            {"retires_at": NOW},
        ):
            add_key(session, NOW, **alike, **ended)
        lasts = NOW + timedelta(days=1)
        works = add_key(session, NOW - timedelta(days=50), name="works", expires_at=lasts, **alike)
        add_use(session, works, last_used_at=NOW - timedelta(days=35), reads=1)
    request = stage.ask(lifetime_days=30)

    def notes(tx: Transaction) -> list[tuple[Risk, str | None]]:
        found = list_risk_notes(tx, get_request(tx, request.id))
        return [(note.risk, note.key.name if note.key else None) for note in found]

    assert stage.see(OLIVIA, partial(notes)) == [(Risk.WRITES, None), (Risk.SIMILAR_UNUSED, "works")]
    with desk.database.write() as session:
        session.get_one(KeyRequest, request.id).replaces_id = works.id
    assert stage.see(OLIVIA, partial(notes)) == [(Risk.WRITES, None)]


def test_only_open_requests_of_others_take_a_name(desk: Desk, clock: HeldClock) -> None:
    """A request is not told of itself, nor of what was decided or has expired."""
    stage = set_stage(desk)
    first = stage.ask(lifetime_days=30)

    def risks(request_id: str) -> list[Risk]:
        return [note.risk for note in stage.see(OLIVIA, lambda tx: list_risk_notes(tx, get_request(tx, request_id)))]

    assert risks(first.id) == [Risk.WRITES]
    second = stage.ask(MAX, lifetime_days=30)
    assert risks(first.id) == risks(second.id) == [Risk.WRITES, Risk.SAME_NAME_ASKED]
    stage.do(MAX, partial(withdraw, request_id=second.id))
    assert risks(first.id) == [Risk.WRITES]
    clock.advance(days=8)
    assert risks(stage.ask(MAX, lifetime_days=30).id) == [Risk.WRITES]


def test_who_lost_the_role_meanwhile_is_noticed(desk: Desk) -> None:
    """Before owners press, they read that whoever asks may not hold such a key any more, or whoever was to answer."""
    stage = set_stage(desk)
    own, others = stage.ask(), stage.ask(name="other", holder_id=MAX)

    def risks(request: KeyRequest) -> list[Risk]:
        found = stage.see(OLIVIA, lambda tx: list_risk_notes(tx, get_request(tx, request.id)))
        return [note.risk for note in found if note.risk in {Risk.MAY_NOT_HOLD, Risk.HOLDER_MAY_NOT}]

    assert (risks(own), risks(others)) == ([], [])
    with desk.database.write() as session:
        session.get_one(Member, MAX).is_guest = True
    assert (risks(own), risks(others)) == ([], [Risk.HOLDER_MAY_NOT])
    with desk.database.write() as session:
        session.get_one(Member, MIA).is_guest = True
    assert (risks(own), risks(others)) == ([Risk.MAY_NOT_HOLD], [Risk.MAY_NOT_HOLD, Risk.HOLDER_MAY_NOT])
