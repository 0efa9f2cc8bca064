"""Stories of roles: granted and revoked by command, button and form, and read again at every click."""

import pytest

from desk.permissions import effective_roles
from desk.roles.roles import sweep_roles
from desk.transaction import Actor, JobName
from sandbox.player import Json, find_label, inputs_of, text_of, words_of
from storage.models import Grant, Role, UserGroup, UserGroupMember
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_grant, add_member, add_page
from tests.scenario.conftest import Scenario, shows
from tests.scenario.keys_stage import said, surely

GROUP = "S0INCIDENT"


def introduce_group(scenario: Scenario, *users: str) -> None:
    """The desk knows @incident-responders with these people."""
    with scenario.database.write() as session:
        session.add(UserGroup(group_id=GROUP, handle="incident-responders", name="Incident responders"))
        session.flush()
        session.add_all(UserGroupMember(group_id=GROUP, user_id=user_id) for user_id in users)


def has(scenario: Scenario, user_id: str, role: Role) -> bool:
    """Whether somebody has a role somewhere now."""
    roles = scenario.desk.read_now(
        Actor.operator("test"), lambda tx: effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy)
    )
    return roles.has_anywhere(role)


def test_a_role_for_eight_hours(scenario: Scenario) -> None:
    """Olivia grants Mia a role on Acme for a shift; Mia is told; after the shift she is told that it is over."""
    answer = said(
        scenario.olivia, f'/roles grant <@{MIA}|mia> incident_manager on "Acme" for 8h because she is on call'
    )
    shows([answer], f"<@{MIA}>", "*incident manager* on *Acme*", "until")
    assert has(scenario, MIA, Role.INCIDENT_MANAGER)
    shows(scenario.direct_messages(scenario.mia), "incident manager", "Acme", f"<@{OLIVIA}>", "she is on call")
    scenario.clock.advance(hours=8)
    assert not has(scenario, MIA, Role.INCIDENT_MANAGER)
    scenario.bot.call(sweep(scenario))
    shows(scenario.direct_messages(scenario.mia), "time as", "is over")
    assert scenario.violations() == []


async def sweep(scenario: Scenario) -> None:
    """The job of each minute."""
    await scenario.desk.write(Actor.job(JobName.SWEEP), sweep_roles)


def test_a_list_with_buttons(scenario: Scenario) -> None:
    """Omar lists grants, ends one by its button, and sees the list without it in the same place."""
    said(scenario.olivia, f"/roles grant <@{MIA}|mia> page_configuration on acme")
    answer = said(scenario.omar, "/roles list")
    shows([answer], f"<@{MIA}>", "page configuration", "granted by")
    before = len(scenario.omar.messages("C0GENERAL1"))
    scenario.omar.press("Revoke", answer, nth=2)
    assert len(scenario.omar.messages("C0GENERAL1")) == before
    after = shows(scenario.omar.messages("C0GENERAL1"), "that grant is ended")
    assert "All grants: 2" in words_of(after)
    assert not has(scenario, MIA, Role.PAGE_CONFIGURATION)
    shows(scenario.direct_messages(scenario.mia), f"<@{OMAR}>", "ended your role", "page configuration")
    assert scenario.violations() == []


def test_members_look_and_do_not_touch(scenario: Scenario) -> None:
    """Mia sees who owns and has no buttons to change it; typing the command is refused, naming whom to ask."""
    listing = said(scenario.mia, "/roles list")
    shows([listing], f"<@{OLIVIA}>", "owner")
    assert find_label(listing, "Revoke") is None
    assert find_label(listing, "Grant") is None
    shows([said(scenario.mia, f"/roles grant <@{MIA}|mia> owner")], "Only owners", "Olivia Owens")
    assert not has(scenario, MIA, Role.OWNER)


def test_guests_are_shown_nothing(scenario: Scenario) -> None:
    """A guest is told that roles are for full members."""
    guest = scenario.person(GUS)
    shows([said(guest, "/roles list")], "full members")
    shows([said(guest, "/roles who owner")], "full members")


@pytest.mark.parametrize("old_button", ["Approve", "Revoke"])
def test_a_demoted_owner_who_clicks_an_old_button_is_refused(scenario: Scenario, old_button: str) -> None:
    """Omar was owner when the button was drawn; Olivia ended that; the click is judged by what holds now."""
    if old_button == "Approve":
        scenario.mia.type_command('/keys request "terraform prod" scope:read page:acme for 90d because we automate')
        surface = shows(scenario.owners_channel(), "terraform prod")
    else:
        surface = said(scenario.omar, "/roles list")
    surely(scenario.olivia, f"/roles revoke <@{OMAR}|omar> owner")
    scenario.omar.press(old_button, surface)
    place = surface["channel"]
    shows(scenario.omar.messages(place), "Only owners", "Olivia")
    if old_button == "Approve":
        assert find_label(shows(scenario.owners_channel(), "terraform prod"), "Approve")
    else:
        assert has(scenario, OLIVIA, Role.OWNER)


def test_the_last_owner_stays(scenario: Scenario) -> None:
    """After Omar's, Olivia's grant cannot be ended, nor given an end."""
    surely(scenario.olivia, f"/roles revoke <@{OMAR}|omar> owner")
    shows([said(scenario.olivia, f"/roles revoke <@{OLIVIA}|olivia> owner")], "without an owner")
    shows([said(scenario.olivia, f"/roles grant <@{OLIVIA}|olivia> owner for 8h")], "owner for good")
    shows(scenario.owners_channel(), f"<@{OLIVIA}> ended the grant", f"<@{OMAR}>", "owner")
    assert has(scenario, OLIVIA, Role.OWNER)


def test_a_change_of_owners_is_asked_about_first(scenario: Scenario) -> None:
    """A whole group as owner and the end of an ownership, one's own too: nothing happens before *Do it*, and then
    every owner is told."""
    answer = said(scenario.omar, f"/roles revoke <@{OMAR}|omar> owner")
    assert "This ends your own ownership." in words_of(answer)
    assert has(scenario, OMAR, Role.OWNER)
    scenario.omar.press("Do it", answer)
    assert not has(scenario, OMAR, Role.OWNER)
    shows(scenario.owners_channel(), f"<@{OMAR}>", "ended the grant")

    answer = said(scenario.olivia, "/roles grant <!subteam^S0PLATFORM|@platform> owner because they are on call")
    assert "Everybody in @platform becomes owner" in words_of(answer)
    assert not has(scenario, MIA, Role.OWNER)
    scenario.olivia.press("Do it", answer)
    assert has(scenario, MIA, Role.OWNER)
    shows(scenario.owners_channel(), "@platform", "owner", "they are on call")
    assert scenario.violations() == []


def test_a_group_gets_a_role(scenario: Scenario) -> None:
    """A user group that the desk has never met is read from Slack when it is mentioned; its people have the role."""
    answer = said(scenario.olivia, f"/roles grant <!subteam^{GROUP}|@incident-responders> incident_manager")
    shows([answer], "The people of", "@incident-responders", "incident manager")
    assert has(scenario, INES, Role.INCIDENT_MANAGER)
    assert has(scenario, MAX, Role.INCIDENT_MANAGER)
    who = said(scenario.mia, "/roles who incident manager on acme")
    shows([who], f"<@{INES}>", "through @incident-responders", f"<@{MAX}>")
    assert scenario.violations() == []


def test_a_role_without_its_page_is_asked_about(scenario: Scenario) -> None:
    """Where there are several pages, nobody has a role on all of them because a word was left out."""
    with scenario.database.write() as session:
        page = add_page(session, scenario.clock.now(), name="Beta", subdomain="beta")
    answer = said(scenario.olivia, f"/roles grant <@{MIA}|mia> incident_manager for 8h because she is on call")
    shows([answer], "On which page", f"<@{MIA}>", "*Acme*", "*Beta*", "All pages", "Nothing is changed yet")
    assert not has(scenario, MIA, Role.INCIDENT_MANAGER)
    scenario.olivia.press("Grant", answer, nth=1)
    shows(scenario.olivia.messages("C0GENERAL1"), "*incident manager* on *Beta* until", "she is on call")
    with scenario.database.read() as session:
        assert [row.page_id for row in session.query(Grant).filter_by(subject_id=MIA)] == [page.id]
    scenario.olivia.press("Grant", said(scenario.olivia, f"/roles grant <@{MIA}|mia> incident_manager"), nth=2)
    shows(scenario.olivia.messages("C0GENERAL1"), "*incident manager* on all pages for good")
    shows([said(scenario.olivia, f"/roles grant <@{MIA}|mia> incident_manager")], "on all pages for good already")
    said(scenario.olivia, f"/roles grant <@{MIA}|mia> owner")
    assert has(scenario, MIA, Role.OWNER)
    assert scenario.violations() == []


def test_the_form_chooses_no_page_of_several(scenario: Scenario) -> None:
    """All pages stand last in it, and are chosen where they were said."""
    with scenario.database.write() as session:
        add_page(session, scenario.clock.now(), name="Beta", subdomain="beta")
    for text, chosen in (("/roles grant @mia", None), ("/roles grant @mia on all", "all")):
        assert scenario.olivia.type_command(text) is None
        shown = {block["block_id"]: block["element"] for block in inputs_of(scenario.olivia.modal)}["page"]
        assert [text_of(place) for place in shown["options"]] == ["Acme", "Beta", "All pages"]
        assert shown.get("initial_option", {}).get("value") == chosen


def test_names_instead_of_mentions(scenario: Scenario) -> None:
    """@handles of people and groups work, names in quotation marks too, and “me”."""
    introduce_group(scenario, INES)
    shows([said(scenario.olivia, "/roles grant @incident-responders incident_manager on all")], "on all pages")
    shows([said(scenario.olivia, '/roles grant "Mia Member" integrator until 2026-12-01')], f"<@{MIA}>", "until")
    shows([said(scenario.mia, "/roles list me")], "Grants that reach", "integrator")
    shows([said(scenario.olivia, '/roles grant "Mia Member" integrator until 3 weeks')], f"<@{MIA}>", "until")
    shows([said(scenario.olivia, "/roles grant @nobody integrator")], "nobody called")


def test_the_form_for_people_who_rarely_type(scenario: Scenario) -> None:
    """`/roles` offers a form; a person and a group at once is pointed out beside the field; then it grants."""
    introduce_group(scenario, INES)
    menu = said(scenario.olivia, "/roles")
    shows([menu], "Your roles: owner")
    scenario.olivia.press("Grant a role…", menu)
    errors = scenario.olivia.submit(subject=MAX, group=GROUP, role="maintenance_manager")
    assert "not both" in errors["group"]
    page = next(option for option in options(scenario.olivia.modal, "page") if option["text"]["text"] == "Acme")
    scenario.olivia.submit(group=None, page=page["value"], ends="24h", reason="standby")
    shows([scenario.olivia.modal], f"<@{MAX}>", "maintenance manager", "Acme", "standby")
    shows(scenario.direct_messages(scenario.max), "maintenance manager")
    assert scenario.violations() == []


def test_the_form_finds_groups(scenario: Scenario) -> None:
    """The group menu lists groups by handle and name as one types."""
    introduce_group(scenario, INES)
    scenario.olivia.press("Grant a role…", said(scenario.olivia, "/roles"))
    view = scenario.olivia.modal
    found = scenario.control.call(
        "POST",
        "options",
        {
            "user": OLIVIA,
            "container": {"type": "view", "view_id": view["id"]},
            "block_id": "group",
            "action_id": "role.group",
            "value": "respond",
        },
    )
    assert [option["value"] for option in found["options"]] == [GROUP]


def test_only_owners_open_the_form(scenario: Scenario) -> None:
    """Olivia's menu in Mia's hands: the click is refused."""
    menu = said(scenario.olivia, "/roles")
    surely(scenario.omar, f"/roles revoke <@{OLIVIA}|olivia> owner")
    scenario.olivia.press("Grant a role…", menu)
    shows(scenario.olivia.messages("C0GENERAL1"), "Only owners")
    assert scenario.olivia.views() == []


def test_long_lists_are_turned_by_buttons(scenario: Scenario) -> None:
    """Forty grants: five sheets, each within Slack's limits, turned in place."""
    with scenario.database.write() as session:
        for number in range(40):
            user_id = f"U0MANY{number:04d}"
            add_member(session, user_id, scenario.clock.now(), name=f"Many {number}")
            add_grant(session, user_id, Role.INTEGRATOR, scenario.clock.now(), reason="because " * 60)
    answer = said(scenario.olivia, "/roles list")
    shows([answer], "All grants: 42", "sheet 1 of 5")
    count = len(scenario.olivia.messages("C0GENERAL1"))
    for sheet in (2, 3, 4, 5):
        scenario.olivia.press("Next", shows(scenario.olivia.messages("C0GENERAL1"), "sheet"))
        shows(scenario.olivia.messages("C0GENERAL1"), f"sheet {sheet} of 5")
    scenario.olivia.press("Previous", shows(scenario.olivia.messages("C0GENERAL1"), "sheet 5 of 5"))
    shows(scenario.olivia.messages("C0GENERAL1"), "sheet 4 of 5")
    assert len(scenario.olivia.messages("C0GENERAL1")) == count
    assert scenario.violations() == []


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("/roles grant", {"page": "all", "ends": "good"}),
        (
            "/roles grant @mia for 8h because she is on call",
            {"subject": MIA, "ends": "8h", "reason": "she is on call"},
        ),
        (f"/roles grant <@{MIA}|mia> on acme until friday", {"subject": MIA, "page": "Acme"}),
        ("/roles grant @platform", {"group": "S0PLATFORM"}),
        ("/roles grant incident_manager", {"role": "incident_manager"}),
    ],
)
def test_what_a_grant_lacks_is_asked_in_the_form(scenario: Scenario, text: str, filled: dict[str, str]) -> None:
    """Without whom or which role the form opens, with what was said in it."""
    assert scenario.olivia.type_command(text) is None
    shown = {block["block_id"]: block["element"] for block in inputs_of(scenario.olivia.modal)}
    for name, value in filled.items():
        first = shown[name].get("initial_user") or shown[name].get("initial_value") or shown[name]["initial_option"]
        assert value in ([first] if isinstance(first, str) else [first["value"], text_of(first)])
    assert ("Choose anew how long: “until friday”" in words_of(scenario.olivia.modal)) == ("friday" in text)
    assert scenario.violations() == []


def test_the_form_of_a_grant_is_for_owners(scenario: Scenario) -> None:
    """Others are told so and see no form, whatever they typed."""
    for text in ("/roles grant", "/roles grant @mia", "/roles grant incident_manager"):
        shows([said(scenario.mia, text)], "Only owners")
    assert scenario.mia.views() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/roles help", ["owners", "/roles grant @mia"]),
        ("/roles frobnicate", ["`/roles frobnicate` is nothing I know", "`/roles help` lists what there is"]),
        ("/roles gramt @mia owner", ["Did you mean `/roles grant`?"]),
        ("/roles <@U0MIA00001> owner", ["Say first what to do", "grant"]),
        ("/roles mine", ["`/roles list me`"]),
        ("/roles extend <@U0MIA00001> owner", ["`/roles grant` once more"]),
        ("/roles grant <@U0MIA00001> admin on acme", ["“admin”", "Roles are: owner, "]),
        ("/roles grant @nobody", ["nobody called"]),
        ("/roles grant @mia because ghp_16C7e42F292c6912E7710c838347Ae178B4a", ["holds a token or a password"]),
        ("/roles who", ["Which role?"]),
        ("/roles who king", ["is not a role"]),
        ('/roles grant @mia "open', ["not closed"]),
        ("/roles grant <@U0MIA00001> incident_manager on nosuchpage", ["is no page", "acme"]),
        ("/roles grant <@U0MIA00001> incident_manager for ages", ["is no time that I know"]),
        ("/roles grant <@U0GUS00001> integrator", ["is a guest here"]),
        ("/roles grant <@U0ZOE00001> integrator", ["belongs to another workspace"]),
        ("/roles grant <@U0DEPLOY01> integrator", ["is a bot"]),
    ],
)
def test_every_answer_says_what_to_do(scenario: Scenario, text: str, words: list[str]) -> None:
    """Help, and refusals of what cannot be meant, each in words of its own."""
    shows([said(scenario.olivia, text)], *words)
    assert scenario.violations() == []


def options(view: Json, block_id: str) -> list[Json]:
    """The choices of a select in a modal."""
    block = next(block for block in view["blocks"] if block.get("block_id") == block_id)
    found: list[Json] = block["element"]["options"]
    return found
