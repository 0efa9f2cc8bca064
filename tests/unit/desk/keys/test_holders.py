"""Who may answer for which key, asked of many at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.keys.holders import list_answerers, may_answer
from desk.transaction import Desk, Transaction
from storage.models import Role, SubjectKind, UserGroup, UserGroupMember
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_grant, add_page
from tests.unit.desk.stage import SWEEP, set_stage


@both_databases
@pytest.mark.parametrize("default_role", [None, "integrator"])
def test_of_many_the_same_is_said_as_of_each(desk: Desk, default_role: str | None) -> None:
    """Through a grant, through a group that still is one, on all pages or on some: full members, at this instant."""
    stage = set_stage(desk)
    now, group = desk.clock.now(), SubjectKind.GROUP
    with desk.database.write() as session:
        other = add_page(session, now, name="Other", subdomain="other").id
        for group_id, handle, user_ids in (
            ("S0PLATFORM", "platform", (MAX, GUS)),
            ("S0OTHERS01", "others", (INES,)),
            ("S0GONE0001", "gone", (MIA,)),
        ):
            session.add(UserGroup(group_id=group_id, handle=handle, name=handle, is_disabled=handle == "gone"))
            session.flush()
            session.add_all(UserGroupMember(group_id=group_id, user_id=user_id) for user_id in user_ids)
        add_grant(session, "S0PLATFORM", Role.INTEGRATOR, now, subject_kind=group, page_id=stage.page.id)
        add_grant(session, "S0OTHERS01", Role.INCIDENT_MANAGER, now, subject_kind=group)
        add_grant(session, "S0GONE0001", Role.INTEGRATOR, now, subject_kind=group)
        add_grant(session, INES, Role.INTEGRATOR, now, expires_at=now - timedelta(days=1))
        add_grant(session, MIA, Role.INTEGRATOR, now, page_id=other)

    people, places = (OLIVIA, OMAR, MIA, MAX, INES, GUS), (None, [stage.page.id], [other], [stage.page.id, other])

    def ask(tx: Transaction) -> list[tuple[str, list[bool]]]:
        answerers = list_answerers(tx)
        for who in (*people, None):
            assert [answerers.may(who, pages) for pages in places] == [may_answer(tx, who, pages) for pages in places]
        return [(who, [answerers.may(who, pages) for pages in places]) for who in people]

    found = dict(replace(desk, policy=replace(desk.policy, default_role=default_role)).read_now(SWEEP, ask))
    if default_role is None:
        assert (found[MIA], found[MAX]) == ([False, False, True, False], [False, True, False, False])
        assert not any(found[INES])
    assert all(found[OLIVIA])
    assert not any(found[GUS])
