"""Users and permissions: people of Slack, and the roles that they were granted on pages."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from desk.identifiers import stable_id
from storage.models import Grant, Page, Role, SubjectKind, UserGroup, UserGroupMember
from tests.databases import both_databases, url_on_sqlite
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, add_grant, add_member, add_owner
from tests.unit.handlers.http.conftest import Site

database_url = url_on_sqlite
"""What calls ask the database is asked of both in `tests/unit/desk`; what only they ask is marked."""

CONFIGURES, INCIDENTS, MAINTENANCES = Role.PAGE_CONFIGURATION, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER
NOTHING = {"page_configuration": False, "incident_manager": False, "maintenance_manager": False}


@dataclass(frozen=True, slots=True)
class Stage:
    """Two pages, and Ines who answers for a key and manages everything on both; Mia has what a test gives her."""

    site: Site
    acme: Page
    beta: Page
    organization: str

    def key(self, **values: Any) -> str:
        """The secret of a key of Ines's that manages users."""
        return self.site.key(**({"scopes": ["users:write"], "holder_id": INES} | values))[1]

    def grant(self, role: Role, page: Page | None, who: str = MIA, **values: Any) -> None:
        """Somebody was granted a role."""
        page_id = page.id if page else None
        self.site.change(lambda tx: add_grant(tx.session, who, role, tx.now, page_id=page_id, **values))

    def path(self, who: str = MIA) -> str:
        """Of somebody's permissions."""
        user_id = stable_id("user", self.organization, who)
        return f"/v1/organizations/{self.organization}/permissions/{user_id}"

    async def put(self, secret: str, pages: Any, who: str = MIA) -> httpx.Response:
        """Set what somebody may."""
        headers = {"Authorization": f"OAuth {secret}"}
        return await self.site.client.put(self.path(who), headers=headers, json={"pages": pages})

    async def seen(self, who: str = MIA) -> Any:
        """What the API says that somebody may, page by page."""
        response = await self.site.get(self.path(who), self.key())
        assert response.status_code == 200
        assert response.json()["data"]["user_id"] == stable_id("user", self.organization, who)
        return response.json()["data"]["pages"]


@pytest.fixture
def stage(site: Site) -> Stage:
    """The pages and the people."""
    acme, beta = site.page(), site.page(name="Beta", subdomain="beta")

    def people(tx: Any) -> None:
        add_owner(tx.session, OLIVIA, tx.now, name="Olivia")
        for user_id, name in ((INES, "Ines Ito"), (MIA, "Mia"), (MAX, "Max")):
            add_member(tx.session, user_id, tx.now, name=name)
        add_member(tx.session, GUS, tx.now, name="Gus", is_guest=True)
        for role in (CONFIGURES, INCIDENTS, MAINTENANCES):
            add_grant(tx.session, INES, role, tx.now)

    site.change(people)
    return Stage(site, acme, beta, acme.organization_id)


async def test_users_are_the_full_members(stage: Stage) -> None:
    """By name, in parts, with an id that is theirs for good and not Slack's; Keydesk keeps no addresses."""
    path, secret = f"/v1/organizations/{stage.organization}/users", stage.key(scopes=["users:read"])
    users = (await stage.site.get(path, secret)).json()
    names = [(user["first_name"], user["last_name"]) for user in users]
    assert names == [("Ines", "Ito"), ("Max", ""), ("Mia", ""), ("Olivia", "")]
    assert {user["id"] for user in users} == {
        stable_id("user", stage.organization, who) for who in (INES, MAX, MIA, OLIVIA)
    }
    assert {user["email"] for user in users} == {None}
    assert all(len(user["id"]) == 12 for user in users)
    second = await stage.site.get(f"{path}.json?per_page=1&page=2", secret)
    assert second.json() == users[1:2]


async def test_reading_people_takes_its_own_scope(stage: Stage) -> None:
    """`read` does not read them; who reads them sets nothing."""
    for path in (f"/v1/organizations/{stage.organization}/users", stage.path()):
        refused = await stage.site.get(path, stage.key(scopes=["read"]))
        assert (refused.status_code, "users:read" in refused.json()["error"]) == (403, True)
    assert (await stage.put(stage.key(scopes=["users:read"]), {})).status_code == 403


async def test_people_come_from_slack(stage: Stage) -> None:
    """Making and deleting users says so, and is never tried again."""
    path, headers = f"/v1/organizations/{stage.organization}/users", {"Authorization": f"OAuth {stage.key()}"}
    for response in (
        await stage.site.client.post(path, headers=headers, json={"user": {"email": "a@b.example"}}),
        await stage.site.client.delete(f"{path}/{stable_id('user', stage.organization, MIA)}", headers=headers),
    ):
        assert response.status_code == 501
        assert "people come from Slack" in response.json()["error"]


async def test_other_organizations_and_people_are_not_found(stage: Stage) -> None:
    """Another organization's id, Slack's own id, a guest and nobody."""
    secret = stage.key()
    paths = [f"/v1/organizations/o00000000000/{end}" for end in ("users", f"permissions/{stable_id('user', MIA)}")]
    paths += [f"/v1/organizations/{stage.organization}/permissions/{one}" for one in (MIA, "u00000000000")]
    for path in (*paths, stage.path(GUS)):
        assert (await stage.site.get(path, secret)).status_code == 404, path
    assert (await stage.put(secret, {}, GUS)).status_code == 404


async def test_permissions_are_own_grants(stage: Stage) -> None:
    """On each page, with those for all pages; what has run out, is an owner's or comes by a group does not show."""

    def in_group(tx: Any) -> None:
        tx.session.add(UserGroup(group_id="S0G", handle="g", name="G", synced_at=tx.now))
        tx.session.flush()
        tx.session.add(UserGroupMember(group_id="S0G", user_id=MIA))
        add_grant(tx.session, "S0G", CONFIGURES, tx.now, subject_kind=SubjectKind.GROUP)

    stage.site.change(in_group)
    stage.grant(INCIDENTS, stage.acme)
    stage.grant(MAINTENANCES, None)
    stage.grant(CONFIGURES, stage.beta, expires_at=stage.site.desk.clock.now())
    assert await stage.seen() == {
        stage.acme.id: {**NOTHING, "incident_manager": True, "maintenance_manager": True},
        stage.beta.id: {**NOTHING, "maintenance_manager": True},
    }
    assert await stage.seen(OLIVIA) == {stage.acme.id: NOTHING, stage.beta.id: NOTHING}


@both_databases
async def test_what_is_set_is_what_holds(stage: Stage) -> None:
    """Roles that are named begin, others end, also on pages that are left out; what is there stays as it is."""
    stage.grant(INCIDENTS, stage.acme)
    stage.grant(MAINTENANCES, stage.beta)
    with stage.site.desk.database.read() as session:
        before = {grant.id for grant in session.query(Grant).filter_by(subject_id=MIA, page_id=stage.acme.id)}
    wanted = {stage.acme.id: {"incident_manager": "t", "page_configuration": True, "maintenance_manager": False}}
    response = await stage.put(stage.key(), wanted)
    assert response.status_code == 200
    has = {stage.acme.id: {**NOTHING, "incident_manager": True, "page_configuration": True}, stage.beta.id: NOTHING}
    assert response.json()["data"]["pages"] == await stage.seen() == has
    with stage.site.desk.database.read() as session:
        kept = session.query(Grant).filter(Grant.id.in_(before)).one()
        assert kept.ended_at is None
    assert (await stage.put(stage.key(), {})).status_code == 200
    assert await stage.seen() == {stage.acme.id: NOTHING, stage.beta.id: NOTHING}


async def test_a_patch_is_taken_for_what_its_client_means(stage: Stage) -> None:
    """The client that sends one promises that pages which are left out are lost."""
    stage.grant(MAINTENANCES, stage.beta)
    headers, wanted = {"Authorization": f"OAuth {stage.key()}"}, {stage.acme.id: {"incident_manager": True}}
    response = await stage.site.client.patch(stage.path(), headers=headers, json={"pages": wanted})
    assert response.status_code == 200
    assert await stage.seen() == {stage.acme.id: {**NOTHING, "incident_manager": True}, stage.beta.id: NOTHING}


async def test_a_form_sets_the_same(stage: Stage) -> None:
    """As Rails' clients write it."""
    headers = {"Authorization": f"OAuth {stage.key()}"}
    form = {f"pages[{stage.beta.id}][incident_manager]": "true"}
    assert (await stage.site.client.put(stage.path(), headers=headers, data=form)).status_code == 200
    assert (await stage.seen())[stage.beta.id] == {**NOTHING, "incident_manager": True}


async def test_a_key_for_some_pages_sees_and_sets_these(stage: Stage) -> None:
    """It is refused what reaches further: a page that it names, and one that it would empty by leaving it out."""
    secret = stage.key(pages=[stage.acme.id])
    all_of_it = {"incident_manager": True}
    assert (await stage.put(secret, {stage.acme.id: all_of_it})).status_code == 200
    seen = await stage.site.get(stage.path(), secret)
    assert list(seen.json()["data"]["pages"]) == [stage.acme.id]
    assert (await stage.put(secret, {stage.acme.id: {}, stage.beta.id: {}})).status_code == 403
    stage.grant(MAINTENANCES, stage.beta)
    assert (await stage.put(secret, {stage.acme.id: {}})).status_code == 403
    assert (await stage.seen())[stage.acme.id] == {**NOTHING, "incident_manager": True}


async def test_nobody_gets_more_than_who_answers_for_the_key(stage: Stage) -> None:
    """Roles that they do not have there are not theirs to give or take; nor do they give themselves any."""
    secret, incidents = stage.key(holder_id=MIA), {stage.acme.id: {"incident_manager": True}}
    both = {stage.acme.id: {"incident_manager": True, "page_configuration": True}}
    assert (await stage.put(secret, incidents, MAX)).status_code == 403
    stage.grant(INCIDENTS, stage.acme)
    assert (await stage.put(secret, both, MAX)).status_code == 403
    assert (await stage.put(secret, both, MIA)).status_code == 403
    assert await stage.seen(MAX) == {stage.acme.id: NOTHING, stage.beta.id: NOTHING}
    assert (await stage.put(secret, incidents, MAX)).status_code == 200
    stage.grant(CONFIGURES, stage.acme, MAX)
    assert (await stage.put(secret, incidents, MAX)).status_code == 403
    assert (await stage.put(stage.key(holder_id=None), {}, MAX)).status_code == 403
    assert (await stage.seen(MAX))[stage.acme.id] == {**NOTHING, "incident_manager": True, "page_configuration": True}


async def test_owners_and_grants_for_all_pages_are_not_touched(stage: Stage) -> None:
    """Ending a part of a grant for all pages would end it for those to come; naming it on each page leaves it."""
    secret = stage.key()
    assert (await stage.put(secret, {}, OLIVIA)).status_code == 409
    stage.grant(INCIDENTS, None)
    refused = await stage.put(secret, {stage.acme.id: {"incident_manager": True}})
    assert (refused.status_code, "for all pages" in refused.json()["error"]) == (409, True)
    everywhere = {page.id: {"incident_manager": True} for page in (stage.acme, stage.beta)}
    assert (await stage.put(secret, everywhere)).status_code == 200
    with stage.site.desk.database.read() as session:
        assert [grant.page_id for grant in session.query(Grant).filter_by(subject_id=MIA)] == [None]


@pytest.mark.parametrize(
    ("pages", "status"),
    [
        ([], 400),
        ("acme", 400),
        ({"nosuchpage00": {}}, 422),
        ({"ACME": True}, 422),
        ({"ACME": {"incident_manager": "perhaps"}}, 422),
        ({"ACME": {"owner": True}}, 200),
        ({"ACME": None}, 200),
        (None, 400),
        ("", 400),
    ],
)
async def test_what_cannot_be_read_changes_nothing(stage: Stage, pages: Any, status: int) -> None:
    """It is said what is wrong; roles that Statuspage does not have are passed over."""
    if isinstance(pages, dict):
        pages = {stage.acme.id if name == "ACME" else name: roles for name, roles in pages.items()}
    stage.grant(INCIDENTS, stage.acme)
    assert (await stage.put(stage.key(), pages)).status_code == status
    assert (await stage.seen())[stage.acme.id]["incident_manager"] is (status != 200)


async def test_who_says_nothing_of_pages_ends_nothing(stage: Stage) -> None:
    """A body without them is refused, and not taken for one that leaves all of them out."""
    stage.grant(INCIDENTS, stage.acme)
    headers = {"Authorization": f"OAuth {stage.key()}"}
    assert (await stage.site.client.put(stage.path(), headers=headers, json={"page": {}})).status_code == 400
    assert (await stage.seen())[stage.acme.id]["incident_manager"] is True
