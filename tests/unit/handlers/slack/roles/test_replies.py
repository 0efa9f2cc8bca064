"""Every message and form about roles and people, at the largest sizes that can occur, is one that Slack accepts."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.directory import cards as directory_cards
from desk.directory.syncs import SyncReport
from desk.people import Standing, Subject, SubjectWord
from desk.roles import cards as role_cards
from desk.roles.lists import Holder, ListedGrant
from desk.roles.orders import GrantOrder, Holders, Listing, WhichPageError
from desk.roles.roles import Granted, GrantOutcome
from desk.transaction import Actor, Desk
from handlers.slack.framework.blocks import MAX_MESSAGE_TEXT, Message, text_length
from handlers.slack.roles import AREA
from handlers.slack.roles.commands import ROLES, render_menu
from handlers.slack.roles.leaver_card import leaver_sheet
from handlers.slack.roles.parsing import Query, StartedGrant
from handlers.slack.roles.replies import (
    Sheet,
    granted_message,
    help_message,
    list_message,
    menu_message,
    revoked_message,
    which_page_message,
    who_message,
)
from handlers.slack.roles.sync_card import sync_message
from handlers.slack.roles.views import grant_form, group_options
from sandbox.blockkit.surfaces import check_message, check_options, check_view
from sandbox.player import words_of
from storage.models import (
    Departure,
    DirectorySync,
    Grant,
    Member,
    Page,
    Role,
    Scope,
    SlackMessage,
    SubjectKind,
    SyncStatus,
    UserGroup,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import MIA, OLIVIA, add_grant, add_key
from tests.unit.desk.stage import Stage, set_stage

WIDE = "&" * 255
"""The widest name: each of its characters is escaped to five."""
JOB = Actor.operator("test")
MANY = [f"U0MANY{number:05d}" for number in range(400)]


def accepted(message: Message) -> None:
    """Slack would take the message, with room to spare."""
    assert check_message({"text": message.text, "blocks": message.blocks}) == []
    assert text_length(message.blocks) <= MAX_MESSAGE_TEXT
    assert message.text


def wide_grant(number: int = 0, *, group: bool = False) -> ListedGrant:
    """A grant whose every text is as long as it can be."""
    kind = SubjectKind.GROUP if group else SubjectKind.USER
    subject_id = f"S0WIDE{number:05d}" if group else f"U0WIDE{number:05d}"
    grant = Grant(
        id=f"g{number:011d}",
        role=Role.MAINTENANCE_MANAGER,
        subject_kind=kind,
        subject_id=subject_id,
        page_id="page00000001",
        created_at=NOW,
        created_by=f"operator:{'&' * 50}",
        reason="&" * 500,
        expires_at=NOW + timedelta(days=1),
    )
    return ListedGrant(grant, Subject(kind, subject_id, f"@{WIDE}"), WIDE, through=WIDE)


@pytest.mark.parametrize("outcome", GrantOutcome)
@pytest.mark.parametrize("group", [False, True])
def test_the_answer_to_a_grant(outcome: GrantOutcome, group: bool) -> None:
    """Granted, changed or unchanged, to a person or a group."""
    item = wide_grant(group=group)
    accepted(granted_message(item.subject, Granted(item.grant, outcome, NOW), item.page_name))


def test_the_answer_to_a_revocation() -> None:
    """With many other sources that still give the role."""
    item = wide_grant()
    remaining = [wide_grant(number, group=True) for number in range(40)]
    accepted(revoked_message(item.subject, item.grant, item.page_name, remaining))


def listing(grants: Sequence[ListedGrant], standing: Standing | None = None) -> Listing:
    """A list as an owner sees it."""
    subject = Subject(SubjectKind.USER, MIA, WIDE) if standing else None
    return Listing(
        subject=subject,
        standing=standing,
        page_id="page00000001",
        page_name=WIDE,
        grants=tuple(grants),
        may_change=True,
    )


@pytest.mark.parametrize("standing", [None, *Standing])
@pytest.mark.parametrize("number", [0, 5, 33])
def test_a_list_on_each_sheet(standing: Standing | None, number: int) -> None:
    """The widest grants by the hundreds, with news above, and an empty list."""
    sheet = Sheet(Query(subject=SubjectWord("user", MIA), page="page00000001"), number)
    grants = [wide_grant(one, group=one % 2 == 0) for one in range(400)]
    item = grants[0]
    news = revoked_message(item.subject, item.grant, item.page_name, grants).blocks[0]["text"]["text"]
    accepted(list_message(listing(grants, standing), sheet, default_role="integrator", news=news))
    accepted(list_message(listing([], standing), sheet, default_role=None))


@pytest.mark.parametrize("role", Role)
def test_who_has_a_role(role: Role) -> None:
    """Hundreds of people with many sources each; and nobody."""
    sources = tuple(wide_grant(number, group=True) for number in range(5))
    holders = tuple(Holder(user_id, WIDE, sources) for user_id in MANY)
    found = Holders(role=role, page_id="page00000001", page_name=WIDE, holders=holders)
    for number in (0, 3, 99):
        accepted(who_message(found, Sheet(Query(role=role), number), default_role="integrator"))
    nobody = Holders(role=role, page_id=None, page_name=None, holders=())
    accepted(who_message(nobody, Sheet(Query(role=role)), default_role=None))


def test_menu_and_help() -> None:
    """With every role and with none."""
    accepted(menu_message(is_owner=True, own=[str(role) for role in Role] * 2))
    accepted(menu_message(is_owner=False, own=[]))
    accepted(help_message(ROLES))


def test_the_form() -> None:
    """More pages and groups than a menu can hold, with the widest names."""
    pages = [Page(id=f"page{number:08d}", name=WIDE[number:]) for number in range(150)]
    assert check_view(grant_form(pages, StartedGrant())) == []
    started = StartedGrant(role=Role.OWNER, ends=WIDE[:500], reason=WIDE[:1000])
    for kind in SubjectKind:
        subject = Subject(kind, "S012345678", WIDE)
        assert check_view(grant_form(pages, replace(started, page=pages[1].id), subject=subject)) == []
    groups = [UserGroup(group_id=f"S0{number:05d}", handle=WIDE, name=WIDE) for number in range(150)]
    assert check_options({"options": group_options(groups)}) == []
    assert check_options({"options": group_options([UserGroup(group_id="S01", handle="x", name="")])}) == []


def test_the_question_on_which_page() -> None:
    """More pages than a message holds, with the widest names, for the longest reason: all of them stays to choose."""
    pages = [Page(id=f"page{number:08d}", name=WIDE[number:]) for number in range(150)]
    order = GrantOrder(
        subject=SubjectWord("name", WIDE[:80]), role=Role.INTEGRATOR, ends=WIDE[:80], reason=WIDE[:1000]
    )
    message = which_page_message(WhichPageError(Subject(SubjectKind.GROUP, "S012345678", WIDE), pages), order)
    accepted(message)
    assert "All pages" in words_of(message.blocks)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a group with the widest names."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        for member in session.query(Member):
            member.name = WIDE
        session.add(UserGroup(group_id="S0WIDE0001", handle=WIDE, name=WIDE))
        session.get_one(Page, stage.page.id).name = WIDE
    return stage


def rendered(stage: Stage, kind: str, subject_id: str, conversation: str = OLIVIA, **facts: object) -> Message:
    """A message of a kind as it would go out now."""
    row = SlackMessage(kind=kind, subject_id=subject_id, conversation=conversation, facts=facts)
    message = stage.see(JOB, lambda tx: dict(AREA.messages)[kind](tx, row))
    assert message is not None
    return message


@pytest.mark.parametrize("how", ["revoked", "expired", "left"])
@pytest.mark.parametrize("group", [False, True])
def test_notes_about_a_grant(stage: Stage, how: str, group: bool) -> None:
    """To the person and to owners, for people and groups."""
    grant = wide_grant(group=group).grant
    grant.page_id, grant.subject_id = stage.page.id, "S0WIDE0001" if group else MIA
    with stage.desk.database.write() as session:
        session.add(grant)
    for kind in (
        role_cards.ROLE_GRANTED,
        role_cards.ROLE_ENDED,
        role_cards.OWNER_GRANTED,
        role_cards.OWNER_ENDED,
    ):
        accepted(rendered(stage, kind, f"{grant.id}:x", how=how, by=f"operator:{WIDE}"))


@pytest.mark.parametrize("why", ["settings", "workspace", "vacant", "last"])
@pytest.mark.parametrize("conversation", [MANY[0], "C0OWNERS01"])
def test_notes_about_owners(stage: Stage, why: str, conversation: str) -> None:
    """To a new owner and to the channel, however many there are."""
    accepted(rendered(stage, role_cards.OWNERS_APPOINTED, "org:x", conversation, owners=MANY, why=why))
    accepted(rendered(stage, role_cards.NO_OWNER_LEFT, "org:x", conversation))


@pytest.mark.parametrize("after", Standing)
def test_notes_about_people_and_groups(stage: Stage, after: Standing) -> None:
    """Standing, return, groups that are switched, unreadable or readable."""
    accepted(rendered(stage, directory_cards.STANDING_CHANGED, f"{MIA}:x", before="member", after=str(after)))
    accepted(rendered(stage, directory_cards.MEMBER_RETURNED, f"{MIA}:x", roles_ended=3))
    for is_disabled in (True, False):
        accepted(rendered(stage, directory_cards.GROUP_DISABLED, "S0WIDE0001:x", is_disabled=is_disabled))
    accepted(rendered(stage, directory_cards.GROUP_UNREADABLE, "S0WIDE0001:x", problem=WIDE))
    accepted(rendered(stage, directory_cards.GROUP_READABLE, "S0WIDE0001:x"))


def wide_report() -> SyncReport:
    """A sync in which everything happened to everybody."""
    everything: list[list[str | None]] = []
    for role in Role:
        everything += [[str(role), "page00000001"]] * 3
    return SyncReport(
        people=100_000,
        groups=1000,
        added={"S0WIDE0001": MANY},
        removed={"S0WIDE0001": MANY},
        switched={"S0WIDE0001": True},
        flips=dict.fromkeys(MANY, "foreign"),
        losers=dict.fromkeys(MANY, everything),
        unreadable={"S0WIDE0001": WIDE},
        people_problem=WIDE,
        new_owners=MANY,
    )


@pytest.mark.parametrize("status", SyncStatus)
def test_a_sync_that_stopped(stage: Stage, status: SyncStatus) -> None:
    """Hundreds would lose many roles; in each state of the question."""
    report = wide_report()
    page = stage.page.id
    plan: dict[str, Any] = {
        "losers": dict.fromkeys(report.losers, [[str(role), page] for role in Role] * 3),
        "flips": report.flips,
        "switched_off": ["S0WIDE0001"] * 50,
        "people": 100_000,
    }
    with stage.desk.database.write() as session:
        session.add(
            DirectorySync(
                id="sync00000001",
                status=status,
                created_at=NOW,
                created_by=str(JOB),
                plan=plan,
                decided_at=NOW,
                decided_by=f"operator:{'&' * 50}",
            )
        )
    accepted(rendered(stage, directory_cards.SYNC_STOPPED, "sync00000001"))
    report.stopped_id = "sync00000001"
    accepted(stage.see(JOB, partial(sync_message, report=report)))


def test_what_a_sync_found(stage: Stage) -> None:
    """Told at once and told later, with everything in it and with nothing."""
    for report in (wide_report(), SyncReport()):
        accepted(stage.see(JOB, partial(sync_message, report=report)))
        accepted(rendered(stage, directory_cards.SYNC_DONE, "sync:x", report=asdict(report)))


@pytest.mark.parametrize("count", [0, 1, 60, 300])
@pytest.mark.parametrize("is_back", [False, True])
def test_the_card_of_somebody_who_left(stage: Stage, count: int, is_back: bool) -> None:
    """No key, one, sixty and three hundred, with the widest names and all scopes; half of them dealt with."""
    scopes = list(Scope)
    with stage.desk.database.write() as session:
        ids = [
            add_key(
                session, NOW, name=WIDE, scopes=scopes, pages=[stage.page.id] * 20, holder_id=MIA if n % 2 else OLIVIA
            ).id
            for n in range(count)
        ]
        session.add(
            Departure(
                id="departure001",
                user_id=MIA,
                left_at=NOW,
                key_ids=ids,
                roles_ended=9,
                requests_withdrawn=9,
                returned_at=NOW if is_back else None,
            )
        )
    accepted(rendered(stage, directory_cards.MEMBER_LEFT, "departure001", keys=ids))
    for number in (0, 1, 99):
        accepted(stage.see(JOB, partial(leaver_sheet, departure_id="departure001", number=number)))


def test_every_kind_has_a_renderer() -> None:
    """What the desk may send about roles and people, somebody can draw."""
    cards = {**vars(role_cards), **vars(directory_cards)}
    kinds = {value for name, value in cards.items() if name.isupper() and isinstance(value, str)}
    assert kinds == set(dict(AREA.messages))


def test_the_menu_names_roles_by_page(stage: Stage) -> None:
    """A role on one page is not shown as one on all."""
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, NOW, page_id=stage.page.id)
    text = str(stage.see(MIA, render_menu).blocks)
    assert "incident manager on some pages" in text
    assert "integrator" in text
