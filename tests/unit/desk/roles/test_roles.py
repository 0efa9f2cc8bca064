"""Granting, revoking, listing and ending roles."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.people import Subject, SubjectWord
from desk.permissions import effective_roles, list_owner_ids
from desk.requests.cards import REQUEST_CARD
from desk.roles.cards import OWNER_ENDED, OWNER_GRANTED, ROLE_ENDED, ROLE_GRANTED
from desk.roles.lists import list_grants, list_holders, list_usable_groups
from desk.roles.orders import RevokeOrder, revoke_as_said
from desk.roles.owners import LastOwnerError
from desk.roles.roles import AnyPage, Granted, GrantOutcome, grant_role, revoke_grant, revoke_role, sweep_roles
from desk.secret import Secret
from desk.transaction import Actor, Desk, JobName
from handlers.slack.framework.blocks import Message
from handlers.slack.roles.messages import render_ended, render_owner_ended
from storage.models import Delivery, Grant, Role, SubjectKind, UserGroup, UserGroupMember
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_member, add_page
from tests.unit.desk.stage import SWEEP, Stage, set_stage

GROUP = "S0PLATFORM"
MIA_ = Subject(SubjectKind.USER, MIA, "Mia")
OLIVIA_ = Subject(SubjectKind.USER, OLIVIA, "Olivia")
OMAR_ = Subject(SubjectKind.USER, OMAR, "Omar")
PLATFORM = Subject(SubjectKind.GROUP, GROUP, "@platform")
OPERATOR = Actor.operator("ann")


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Olivia and Omar own; Mia and Max are in the group @platform."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.add(UserGroup(group_id=GROUP, handle="platform", name="Platform"))
        session.flush()
        session.add_all(UserGroupMember(group_id=GROUP, user_id=user_id) for user_id in (MIA, MAX))
    return stage


def grant(stage: Stage, subject: Subject, role: Role, who: str | Actor = OLIVIA, **values: object) -> Granted:
    """A grant, made just now."""
    return stage.do(who, partial(grant_role, subject=subject, role=role, **values))  # type: ignore[arg-type]


def has(stage: Stage, user_id: str, role: Role, page_id: str | None = None) -> bool:
    """Whether somebody has a role at the held clock's time."""
    return stage.see(
        SWEEP, lambda tx: effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy).has(role, page_id)
    )


def test_a_grant_gives_the_role_and_tells_the_person(stage: Stage) -> None:
    """Mia is incident manager on Acme from the same instant, only there, and is told so; it is recorded."""
    made = grant(stage, MIA_, Role.INCIDENT_MANAGER, page_id=stage.page.id, reason=" on call ")
    assert has(stage, MIA, Role.INCIDENT_MANAGER, stage.page.id)
    assert not has(stage, MIA, Role.INCIDENT_MANAGER)
    assert made.outcome is GrantOutcome.GRANTED
    assert made.grant.reason == "on call"
    assert [note.conversation for note in stage.shown(ROLE_GRANTED)] == [MIA]
    assert stage.actions(made.grant.id) == ["role.granted"]


def test_a_grant_until_a_time_ends_at_that_time(stage: Stage, clock: HeldClock) -> None:
    """One second before its end the role is there, at its end it is gone, whether or not a sweep came by."""
    grant(stage, MIA_, Role.INCIDENT_MANAGER, expires_at=clock.now() + timedelta(hours=8))
    clock.advance(hours=7, minutes=59, seconds=59)
    assert has(stage, MIA, Role.INCIDENT_MANAGER)
    clock.advance(seconds=1)
    assert not has(stage, MIA, Role.INCIDENT_MANAGER)


def test_a_sweep_ends_what_ran_out_once(stage: Stage, clock: HeldClock) -> None:
    """The sweep records the end and tells the person; a second sweep finds nothing to do."""
    made = grant(stage, MIA_, Role.INCIDENT_MANAGER, expires_at=clock.now() + timedelta(hours=8))
    assert stage.do(SWEEP, sweep_roles) == 0
    clock.advance(hours=8)
    assert stage.do(SWEEP, sweep_roles) == 1
    assert stage.do(SWEEP, sweep_roles) == 0
    assert stage.actions(made.grant.id) == ["role.granted", "role.expired"]
    assert [note.facts["how"] for note in stage.shown(ROLE_ENDED)] == ["expired"]


def test_granting_again_changes_the_end(stage: Stage, clock: HeldClock) -> None:
    """What is asked for holds: for good becomes eight hours, in a new grant that names the old one."""
    first = grant(stage, MIA_, Role.INTEGRATOR)
    second = grant(stage, MIA_, Role.INTEGRATOR, expires_at=clock.now() + timedelta(hours=8))
    assert second.outcome is GrantOutcome.CHANGED
    assert second.previous_end is None
    assert stage.fresh(Grant, first.grant.id).end_reason == "replaced"
    assert [item.grant.id for item in stage.see(OLIVIA, partial(list_grants, subject=MIA_))] == [second.grant.id]


def test_granting_the_very_same_again_changes_nothing(stage: Stage) -> None:
    """No second grant, no second message."""
    grant(stage, MIA_, Role.INTEGRATOR)
    assert grant(stage, MIA_, Role.INTEGRATOR).outcome is GrantOutcome.UNCHANGED
    assert len(stage.shown(ROLE_GRANTED)) == 1


def test_roles_stand_side_by_side(stage: Stage) -> None:
    """A second role of the same person on the same page leaves the first; taken back, it leaves the other."""
    for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
        assert grant(stage, MIA_, role, page_id=stage.page.id).outcome is GrantOutcome.GRANTED
    stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.INCIDENT_MANAGER))
    assert not has(stage, MIA, Role.INCIDENT_MANAGER, stage.page.id)
    assert has(stage, MIA, Role.MAINTENANCE_MANAGER, stage.page.id)


def test_granting_after_the_end_begins_anew(stage: Stage, clock: HeldClock) -> None:
    """A grant whose time is up does not stand in the way, even before a sweep has ended it."""
    grant(stage, MIA_, Role.INTEGRATOR, expires_at=clock.now() + timedelta(hours=1))
    clock.advance(hours=2)
    assert grant(stage, MIA_, Role.INTEGRATOR).outcome is GrantOutcome.GRANTED
    assert has(stage, MIA, Role.INTEGRATOR)


def test_a_group_grant_reaches_its_full_members(stage: Stage) -> None:
    """Everybody in the group has the role, those outside have not, and nobody is written to one by one."""
    grant(stage, PLATFORM, Role.MAINTENANCE_MANAGER)
    assert has(stage, MIA, Role.MAINTENANCE_MANAGER)
    assert has(stage, MAX, Role.MAINTENANCE_MANAGER)
    assert not has(stage, INES, Role.MAINTENANCE_MANAGER)
    assert stage.shown(ROLE_GRANTED) == []


@pytest.mark.parametrize("standing", ["is_deleted", "is_guest", "is_bot", "is_foreign"])
def test_who_is_no_full_member_has_no_role_and_gets_none(stage: Stage, standing: str) -> None:
    """Deactivated people, guests, bots and foreigners: groups give them nothing and grants are refused."""
    with stage.desk.database.write() as session:
        add_member(session, "U0OTHER001", stage.desk.clock.now(), name="Other", **{standing: True})
        session.add(UserGroupMember(group_id=GROUP, user_id="U0OTHER001"))
    grant(stage, PLATFORM, Role.MAINTENANCE_MANAGER)
    assert not has(stage, "U0OTHER001", Role.MAINTENANCE_MANAGER)
    assert not has(stage, "U0OTHER001", Role.INTEGRATOR)
    with pytest.raises(InvalidInputError, match="can't have roles"):
        grant(stage, Subject(SubjectKind.USER, "U0OTHER001", "Other"), Role.INTEGRATOR)


@pytest.mark.parametrize("who", [MIA, GUS])
def test_only_owners_grant_and_revoke(stage: Stage, who: str) -> None:
    """Members and guests are refused, and told whom to ask."""
    made = grant(stage, MIA_, Role.INTEGRATOR)
    with pytest.raises(NotAllowedError, match="Ask an owner: Olivia, Omar"):
        grant(stage, MIA_, Role.OWNER, who)
    with pytest.raises(NotAllowedError):
        stage.do(who, partial(revoke_grant, grant_id=made.grant.id))
    with pytest.raises(NotAllowedError):
        stage.do(who, partial(revoke_role, subject=MIA_, role=Role.INTEGRATOR))


def test_operators_may_grant(stage: Stage) -> None:
    """Who has a shell on the machine acts as an owner, and is named so in the record."""
    made = grant(stage, MIA_, Role.OWNER, OPERATOR)
    assert made.grant.created_by == "operator:ann"


def test_owner_is_for_all_pages(stage: Stage) -> None:
    """An owner of one page does not exist."""
    with pytest.raises(InvalidInputError) as refusal:
        grant(stage, MIA_, Role.OWNER, page_id=stage.page.id)
    assert refusal.value.field == "page"


@both_databases
def test_an_end_in_the_past_an_unknown_page_and_a_dead_group_are_refused(stage: Stage, clock: HeldClock) -> None:
    """Each in its own words, before anything is written."""
    with pytest.raises(InvalidInputError, match="passed"):
        grant(stage, MIA_, Role.INTEGRATOR, expires_at=clock.now())
    with pytest.raises(NotFoundError):
        grant(stage, MIA_, Role.INTEGRATOR, page_id="nosuchpage12")
    with stage.desk.database.write() as session:
        session.get_one(UserGroup, GROUP).is_disabled = True
    with pytest.raises(InvalidInputError, match="switched off"):
        grant(stage, PLATFORM, Role.INTEGRATOR)
    with pytest.raises(InvalidInputError, match="don't know"):
        grant(stage, Subject(SubjectKind.GROUP, "S0NOWHERE", "@nowhere"), Role.INTEGRATOR)
    assert stage.shown(ROLE_GRANTED) == []


def test_a_new_owner_is_told_to_all_owners(stage: Stage) -> None:
    """Owners see who was made owner and by whom; the new one is told as a person, once."""
    grant(stage, MIA_, Role.OWNER)
    assert {note.conversation for note in stage.shown(OWNER_GRANTED)} == {OLIVIA, OMAR}
    assert [note.conversation for note in stage.shown(ROLE_GRANTED)] == [MIA]


def test_a_revocation_ends_the_role_at_once(stage: Stage) -> None:
    """The role is gone, the person is told by whom, and it is recorded."""
    made = grant(stage, MIA_, Role.INCIDENT_MANAGER)
    ended = stage.do(OMAR, partial(revoke_role, subject=MIA_, role=Role.INCIDENT_MANAGER))
    assert ended.id == made.grant.id
    assert not has(stage, MIA, Role.INCIDENT_MANAGER)
    assert [note.facts for note in stage.shown(ROLE_ENDED)] == [{"by": f"member:{OMAR}", "how": "revoked"}]
    assert stage.actions(made.grant.id) == ["role.granted", "role.revoked"]


def test_revoking_twice_says_who_was_first(stage: Stage) -> None:
    """The second click on an old button is told that Omar ended it already."""
    made = grant(stage, MIA_, Role.INCIDENT_MANAGER)
    stage.do(OMAR, partial(revoke_grant, grant_id=made.grant.id))
    with pytest.raises(ConflictError, match="Omar"):
        stage.do(OLIVIA, partial(revoke_grant, grant_id=made.grant.id))
    assert len(stage.shown(ROLE_ENDED)) == 1


def test_a_page_has_to_be_named_when_several_grants_could_be_meant(stage: Stage) -> None:
    """One grant needs no page, two do; all pages and one page are told apart."""
    grant(stage, MIA_, Role.INCIDENT_MANAGER)
    grant(stage, MIA_, Role.INCIDENT_MANAGER, page_id=stage.page.id)
    with pytest.raises(InvalidInputError, match="Acme, all pages"):
        stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.INCIDENT_MANAGER, page=AnyPage.ANY))
    stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.INCIDENT_MANAGER, page=None))
    assert has(stage, MIA, Role.INCIDENT_MANAGER, stage.page.id)
    assert not has(stage, MIA, Role.INCIDENT_MANAGER)


def test_what_comes_through_a_group_cannot_be_revoked_from_the_person(stage: Stage) -> None:
    """The refusal says where the role comes from."""
    grant(stage, PLATFORM, Role.INCIDENT_MANAGER)
    with pytest.raises(NotFoundError) as refusal:
        stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.INCIDENT_MANAGER))
    assert "through @platform" in refusal.value.hint


def test_who_is_owner_otherwise_too_is_told_once(stage: Stage) -> None:
    """Of two grants that make somebody owner one ends: they read what remains, and not what the other owners read."""
    grant(stage, MIA_, Role.OWNER)
    grant(stage, PLATFORM, Role.OWNER)
    assert [note.conversation for note in stage.shown(ROLE_GRANTED)] == [MIA]
    stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.OWNER))
    assert MIA in stage.see(SWEEP, list_owner_ids)
    assert [note.conversation for note in stage.shown(ROLE_ENDED)] == [MIA]
    assert MIA not in [note.conversation for note in stage.shown(OWNER_ENDED)]


def test_owners_can_be_revoked_but_not_the_last(stage: Stage) -> None:
    """Olivia ends Omar's grant and owners are told; then nobody can end hers, not even an operator."""
    stage.do(OLIVIA, partial(revoke_role, subject=OMAR_, role=Role.OWNER))
    assert stage.shown(OWNER_ENDED)
    for who in (Actor.member(OLIVIA), OPERATOR):
        with pytest.raises(LastOwnerError):
            stage.do(who, partial(revoke_role, subject=OLIVIA_, role=Role.OWNER))
    assert stage.see(SWEEP, list_owner_ids) == [OLIVIA]


def test_the_last_lasting_owner_cannot_be_given_an_end(stage: Stage, clock: HeldClock) -> None:
    """Neither by granting again until a time, nor when the only other owner has an end."""
    soon = clock.now() + timedelta(days=1)
    grant(stage, OMAR_, Role.OWNER, expires_at=soon)
    with pytest.raises(LastOwnerError):
        grant(stage, OLIVIA_, Role.OWNER, expires_at=soon)
    with pytest.raises(LastOwnerError):
        stage.do(OMAR, partial(revoke_role, subject=OLIVIA_, role=Role.OWNER))
    clock.advance(days=2)
    stage.do(SWEEP, sweep_roles)
    assert stage.see(SWEEP, list_owner_ids) == [OLIVIA]


def test_owners_through_a_group_count(stage: Stage) -> None:
    """When a group owns, both single owners may go; then the group's grant cannot be ended."""
    made = grant(stage, PLATFORM, Role.OWNER)
    stage.do(MIA, partial(revoke_role, subject=OMAR_, role=Role.OWNER))
    stage.do(MIA, partial(revoke_role, subject=OLIVIA_, role=Role.OWNER))
    with pytest.raises(LastOwnerError):
        stage.do(MIA, partial(revoke_grant, grant_id=made.grant.id))
    assert stage.see(SWEEP, list_owner_ids) == [MAX, MIA]


def test_a_group_of_guests_does_not_count_as_an_owner(stage: Stage) -> None:
    """A grant to a group in which nobody is a full member keeps nobody's place."""
    with stage.desk.database.write() as session:
        session.add(UserGroup(group_id="S0GUESTS1", handle="guests", name="Guests"))
        session.flush()
        session.add(UserGroupMember(group_id="S0GUESTS1", user_id=GUS))
    grant(stage, Subject(SubjectKind.GROUP, "S0GUESTS1", "@guests"), Role.OWNER)
    stage.do(OLIVIA, partial(revoke_role, subject=OMAR_, role=Role.OWNER))
    with pytest.raises(LastOwnerError):
        stage.do(OLIVIA, partial(revoke_role, subject=OLIVIA_, role=Role.OWNER))


def test_lists_show_own_and_group_grants_owners_first(stage: Stage) -> None:
    """A person's list has what reaches them and through which group; a page's list has what holds there."""
    with stage.desk.database.write() as session:
        other = add_page(session, stage.desk.clock.now(), name="Beta", subdomain="beta")
    grant(stage, MIA_, Role.INTEGRATOR, page_id=other.id)
    grant(stage, PLATFORM, Role.INCIDENT_MANAGER, page_id=stage.page.id)
    mine = stage.see(MIA, partial(list_grants, subject=MIA_))
    assert [(item.grant.role, item.page_name, item.through) for item in mine] == [
        (Role.INCIDENT_MANAGER, "Acme", "@platform"),
        (Role.INTEGRATOR, "Beta", None),
    ]
    on_acme = stage.see(MIA, partial(list_grants, page_id=stage.page.id))
    assert [item.grant.role for item in on_acme] == [Role.OWNER, Role.OWNER, Role.INCIDENT_MANAGER]


@both_databases
def test_who_names_people_with_their_sources(stage: Stage) -> None:
    """Mia has the role by herself and through the group, Max through the group; both are found by page."""
    grant(stage, PLATFORM, Role.INCIDENT_MANAGER, page_id=stage.page.id)
    grant(stage, MIA_, Role.INCIDENT_MANAGER)
    holders = stage.see(OLIVIA, partial(list_holders, role=Role.INCIDENT_MANAGER, page_id=stage.page.id))
    assert [(holder.name, len(holder.sources)) for holder in holders] == [("Max", 1), ("Mia", 2)]


def test_a_secret_is_not_kept_as_a_reason(stage: Stage) -> None:
    """A key's secret pasted into the reason of a grant is refused and not repeated; marks nobody sees are dropped."""
    secret = Secret.generate().reveal()
    with pytest.raises(InvalidInputError) as refusal:
        grant(stage, MIA_, Role.INCIDENT_MANAGER, reason=f"because {secret}")
    assert secret not in str(refusal.value)
    assert grant(stage, MIA_, Role.INCIDENT_MANAGER, reason="on\x00 call\u202e").grant.reason == "on call"


def test_groups_are_found_by_handle_and_name(stage: Stage) -> None:
    """In any case and with or without the @; not those that are switched off."""
    with stage.desk.database.write() as session:
        session.add(UserGroup(group_id="S0OPS", handle="ops", name="Operations of the platform"))
        session.add(UserGroup(group_id="S0OLD", handle="platform-old", name="Old", is_disabled=True))
    found = stage.see(OLIVIA, partial(list_usable_groups, text="PLATFORM"))
    assert [group.handle for group in found] == ["ops", "platform"]
    assert [group.handle for group in stage.see(OLIVIA, partial(list_usable_groups, text="@op"))] == ["ops"]


def _said_to(stage: Stage, kind: str, render: Callable[..., Message], to: str) -> str:
    """The last note of a kind to somebody, as it is drawn."""
    note = max((note for note in stage.shown(kind) if note.conversation == to), key=lambda note: note.created_at)
    return stage.see(Actor.job(JobName.DELIVERY), partial(render, message=note)).text


def test_who_keeps_a_role_by_another_way_lost_none(stage: Stage, clock: HeldClock) -> None:
    """The person hears by what they still have a role that a grant gave them; what is lost is said to be lost."""
    role = Role.INCIDENT_MANAGER
    grants = [
        stage.do(OLIVIA, partial(grant_role, subject=subject, role=role, page_id=page)).grant
        for subject, page in ((MIA_, None), (PLATFORM, stage.page.id), (MIA_, stage.page.id))
    ]
    heard = []
    for grant in (grants[2], grants[0]):
        clock.advance(hours=1)
        stage.do(OLIVIA, partial(revoke_grant, grant_id=grant.id))
        heard.append(_said_to(stage, ROLE_ENDED, render_ended, MIA))
    assert "You still are: " in heard[0]
    assert all(way in heard[0] for way in ("own grant, for good", "through @platform on Acme, for good"))
    assert "ended your role as *incident manager* on all pages" in heard[1]
    assert "You still have it: through @platform on Acme, for good." in heard[1]
    stage.do(OLIVIA, partial(grant_role, subject=MIA_, role=role, page_id=stage.page.id))
    stage.do(OLIVIA, partial(revoke_role, subject=PLATFORM, role=role))
    clock.advance(hours=1)
    stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=role))
    assert "still" not in _said_to(stage, ROLE_ENDED, render_ended, MIA)


def test_cards_that_depend_on_who_the_owners_are_follow_them(stage: Stage) -> None:
    """A request shows whose approvals count: it is drawn again when an owner comes or goes, not with other roles."""
    stage.ask()

    def drawn() -> int:
        [card] = [card.id for card in stage.shown(REQUEST_CARD) if card.conversation == OLIVIA]
        return sum(row.subject == card for row in stage.all(Delivery))

    counts = [drawn()]
    for role in (Role.INCIDENT_MANAGER, Role.OWNER):
        grant(stage, MIA_, role)
        counts.append(drawn())
        stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=role))
        counts.append(drawn())
    assert [count - counts[0] for count in counts] == [0, 0, 0, 1, 2]


def test_what_every_member_is_nobody_loses(stage: Stage) -> None:
    """A grant of the default role, and one of an owner, ends without anything lost."""
    stage.do(OLIVIA, partial(grant_role, subject=MIA_, role=Role.INTEGRATOR))
    stage.do(OLIVIA, partial(revoke_role, subject=MIA_, role=Role.INTEGRATOR))
    assert "You still are: every full member is." in _said_to(stage, ROLE_ENDED, render_ended, MIA)
    stage.do(OLIVIA, partial(grant_role, subject=OMAR_, role=Role.INCIDENT_MANAGER))
    stage.do(OLIVIA, partial(revoke_role, subject=OMAR_, role=Role.INCIDENT_MANAGER))
    assert "You still are: as *owner*, own grant, for good." in _said_to(stage, ROLE_ENDED, render_ended, OMAR)


def test_owners_hear_of_an_owner_who_still_is_one(stage: Stage, clock: HeldClock) -> None:
    """An owner whose grant ends or runs out and who is one through a group is not said to be one no more."""
    stage.do(OLIVIA, partial(grant_role, subject=PLATFORM, role=Role.OWNER))
    for ends in (None, clock.now() + timedelta(days=1)):
        stage.do(OLIVIA, partial(grant_role, subject=MIA_, role=Role.OWNER, expires_at=ends))
    clock.advance(days=1)
    stage.do(SWEEP, sweep_roles)
    for render, kind, to in ((render_owner_ended, OWNER_ENDED, OLIVIA), (render_ended, ROLE_ENDED, MIA)):
        words = _said_to(stage, kind, render, to)
        assert "has run out" in words
        assert "still are: through @platform, for good." in words
    stage.do(OLIVIA, partial(grant_role, subject=MIA_, role=Role.OWNER))
    order = RevokeOrder(subject=SubjectWord("user", MIA), role=Role.OWNER)
    assert stage.do(OLIVIA, partial(revoke_as_said, order=order))[2], "nothing is lost, so nothing is asked"
