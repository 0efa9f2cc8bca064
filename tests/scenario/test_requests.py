"""Asking for a key: in one line, in the modal, again, and not at all."""

import threading

from desk.pages.pages import list_pages
from sandbox.player import words_of
from storage.models import KeyRequest, RequestStatus
from tests.databases import both_databases
from tests.factories import GUS, MAX, MIA, add_key
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import LINE, add_pages, ask, everything, mine, only


def test_a_request_in_one_line(scenario: Scenario) -> None:
    """One line asks: the person is told so, owners see who asks for what and why, and the requester has a card."""
    answer = scenario.mia.type_command(LINE)
    assert "Owners were asked for" in words_of(answer)

    card = shows(scenario.owners_channel(), "terraform prod")
    words = words_of(card)
    assert f"<@{MIA}> asks for an API key" in words
    assert "> we automate it" in words
    assert "read everything on the page (`read`)" in words
    assert "create and change components and their status (`components:write`)" in words
    assert "90 days from collection" in words
    assert "It can *change* things" in words
    assert "It waits for an owner" in words_of(mine(scenario, scenario.mia))
    assert scenario.violations() == []


def test_a_request_in_the_modal(scenario: Scenario) -> None:
    """Without words the command opens a form; what is filled in becomes the request."""
    assert scenario.mia.type_command("/keys request") is None
    assert scenario.mia.modal["title"]["text"] == "Ask for an API key"
    errors = scenario.mia.submit(
        name="grafana",
        purpose="Dashboards.\nRead only.",
        pages=["all"],
        scopes=["read"],
        lifetime_days="30",
        holder=MAX,
    )
    assert errors == {}
    assert "Owners were asked for" in words_of(scenario.mia.modal)

    request: KeyRequest = only(everything(scenario, KeyRequest))
    assert (request.name, request.purpose, request.holder_id) == ("grafana", "Dashboards.\nRead only.", MAX)
    assert (request.scopes, request.pages, request.lifetime_days) == (["read"], None, 30)
    words = words_of(shows(scenario.owners_channel(), "grafana"))
    assert "> Dashboards.\n> Read only." in words
    assert "It reaches *all pages*" in words
    assert f"Somebody else is to answer for it: <@{MAX}>" in words
    assert scenario.violations() == []


def test_mistakes_are_shown_beside_their_field(scenario: Scenario) -> None:
    """What can't be asked for is said beside its field, and the form stays open until it is right."""
    page = "Choose all pages or some of them"
    scenario.mia.type_command("/keys request")
    filled = {"name": "grafana", "purpose": "Dashboards.", "pages": ["all"], "scopes": ["read"]}
    acme = [option for option in scenario.mia.modal["blocks"][2]["element"]["options"] if option["value"] != "all"]

    assert page in scenario.mia.submit(**filled | {"pages": ["all", acme[0]["value"]]})["pages"]
    assert "full member" in scenario.mia.submit(**filled, holder=GUS)["holder"]
    assert "needs a name" in scenario.mia.submit(**filled | {"name": "   "}, holder=MIA)["name"]
    assert everything(scenario, KeyRequest) == []
    assert scenario.mia.submit(**filled) == {}
    assert len(everything(scenario, KeyRequest)) == 1


def test_what_is_missing_opens_the_form_with_what_was_understood(scenario: Scenario) -> None:
    """A line without scopes and reason opens the form, filled in with the rest, and says what is missing."""
    assert scenario.mia.type_command('/keys request "terraform prod" page:acme for 12w color:red') is None
    words = words_of(scenario.mia.modal)
    assert "I did not understand “color:red”" in words
    assert "Still needed: what it is for (because …), scopes (scope:read)." in words

    assert scenario.mia.submit(purpose="We automate it.", scopes=["read"]) == {}
    request: KeyRequest = only(everything(scenario, KeyRequest))
    assert (request.name, request.lifetime_days, len(request.pages or [])) == ("terraform prod", 84, 1)


def test_a_line_that_policy_refuses_opens_the_form(scenario: Scenario) -> None:
    """A lifetime beyond policy opens the form with the reason and the longest that is possible."""
    scenario.mia.type_command("/keys request ci scope:read page:all for 500d because we must")
    assert "Choose between 1 and 365 days" in words_of(scenario.mia.modal)
    assert scenario.mia.submit() == {}
    assert only(everything(scenario, KeyRequest)).lifetime_days == 365


def test_a_page_that_does_not_exist_is_said_in_the_form(scenario: Scenario) -> None:
    """An unknown page is named together with those that exist."""
    scenario.mia.type_command("/keys request ci scope:read page:nosuch because we must")
    assert "“nosuch” is no page. Pages are: acme." in words_of(scenario.mia.modal)


def test_guests_are_told_whom_to_ask(scenario: Scenario) -> None:
    """A guest gets no form, but the names of owners to ask."""
    answer = scenario.person(GUS).type_command("/keys request")
    assert "API keys are for full members of this workspace." in words_of(answer)
    assert "Olivia" in words_of(answer)
    assert scenario.person(GUS).views() == []


def test_a_command_that_slack_delivers_twice_is_one_request(scenario: Scenario) -> None:
    """The same typed line delivered twice makes one request and one card."""
    scenario.fault(method="delivery", kind="duplicate", times=1, match="/keys")
    scenario.mia.type_command(LINE)
    assert len([entry for entry in scenario.control.journal(kind="delivery") if "/keys" in str(entry)]) == 2
    assert len(everything(scenario, KeyRequest)) == 1
    assert len([card for card in scenario.owners_channel() if "asks for an API key" in words_of(card)]) == 1


def test_the_same_line_typed_twice_is_two_requests(scenario: Scenario) -> None:
    """A person who types the line again asks again."""
    for _ in range(2):
        scenario.mia.type_command(LINE)
    assert len(everything(scenario, KeyRequest)) == 2


def test_a_form_submitted_twice_is_one_request(scenario: Scenario) -> None:
    """The same form arriving twice in the same instant makes one request."""
    scenario.mia.type_command('/keys request "terraform prod" scope:read page:acme')
    scenario.fault(method="delivery", kind="duplicate", times=1, match="view_submission")
    scenario.mia.submit(purpose="We automate it.")
    submissions = [e for e in scenario.control.journal(kind="delivery") if "view_submission" in str(e)]
    assert len(submissions) == 2
    assert len(everything(scenario, KeyRequest)) == 1


def test_long_words_break_no_limit(scenario: Scenario) -> None:
    """The longest purpose, all of it characters that Slack makes longer, is shown whole on every card."""
    scenario.mia.type_command("/keys request")
    purpose = "&" * 998 + "<>"
    scopes = [option["value"] for option in scenario.mia.modal["blocks"][3]["element"]["options"]]
    errors = scenario.mia.submit(name="&" * 80, purpose=purpose, pages=["all"], scopes=scopes, lifetime_days="365")
    assert errors == {}
    card = shows(scenario.owners_channel(), "asks for an API key")
    assert words_of(card).count("&amp;") >= 998 + 80
    assert "It lives for 365 days: a year" in words_of(card)

    scenario.omar.press("Deny", card)
    scenario.omar.submit(reason="&" * 500)
    denied = shows(scenario.owners_channel(), "*Denied*")
    assert words_of(denied).count("&amp;") >= 998 + 80 + 500
    shows(scenario.direct_messages(scenario.mia), "*Denied*")
    assert scenario.violations() == []


def test_no_mention_or_link_comes_out_of_what_people_write(scenario: Scenario) -> None:
    """Names and purposes are shown as they were written: they call nobody and link nowhere."""
    scenario.mia.type_command("/keys request")
    scenario.mia.submit(
        name="<!channel> *x*", purpose="<https://evil.example|click> <@U0OLIVIA01>", pages=["all"], scopes=["read"]
    )
    words = words_of(shows(scenario.owners_channel(), "asks for an API key"))
    assert "&lt;!channel&gt;" in words
    assert "&lt;https://evil.example|click&gt; &lt;@U0OLIVIA01&gt;" in words
    assert "<!channel>" not in words


def test_more_pages_than_a_menu_holds_are_searched_for(scenario: Scenario) -> None:
    """With more than a hundred pages the form searches them as the person types, and what is chosen is asked for."""
    add_pages(scenario, 120)
    scenario.mia.type_command("/keys request")
    view = scenario.mia.modal
    block = next(block for block in view["blocks"] if block.get("block_id") == "pages")
    assert block["element"]["type"] == "multi_external_select"
    found = scenario.control.call(
        "POST",
        "options",
        {
            "user": MIA,
            "container": {"type": "view", "view_id": view["id"]},
            "block_id": "pages",
            "action_id": block["element"]["action_id"],
            "value": "page 11",
        },
    )["options"]
    assert [option["text"]["text"] for option in found] == [f"Page {number}" for number in range(110, 120)]
    chosen = [option["value"] for option in found[:2]]
    assert scenario.mia.submit(name="ci", purpose="CI.", pages=chosen, scopes=["read"]) == {}
    assert only(everything(scenario, KeyRequest)).pages == chosen
    assert scenario.violations() == []


def test_a_key_to_a_hundred_pages_fits_on_its_card(scenario: Scenario) -> None:
    """A request for very many pages shows the first and how many more, and can be narrowed."""
    add_pages(scenario, 120)
    scenario.mia.type_command("/keys request")
    with scenario.database.read() as session:
        pages = [page.id for page in list_pages(session)]
    assert scenario.mia.submit(name="ci", purpose="CI.", pages=pages[:110], scopes=["read"]) == {}
    card = shows(scenario.owners_channel(), "asks for an API key")
    assert "and 100 more" in words_of(card)
    scenario.omar.press("Change and approve", card)
    assert scenario.omar.submit(pages=pages[:2]) == {}
    assert only(everything(scenario, KeyRequest)).granted_pages == pages[:2]
    assert scenario.violations() == []


def test_the_requester_withdraws(scenario: Scenario) -> None:
    """*Withdraw* takes the request back; owners see that there is nothing to decide any more."""
    ask(scenario, scenario.mia)
    scenario.mia.press("Withdraw", mine(scenario, scenario.mia))
    card = shows(scenario.owners_channel(), "*Withdrawn*", f"<@{MIA}>")
    assert "Approve" not in words_of(card)
    again = mine(scenario, scenario.mia)
    assert "*Withdrawn*" in words_of(again)

    scenario.mia.press("Ask again", again)
    assert scenario.mia.submit(name="terraform test") == {}
    assert [
        request.name for request in everything(scenario, KeyRequest) if request.status == RequestStatus.PENDING
    ] == ["terraform test"]
    assert scenario.violations() == []


def test_an_expired_trigger_asks_to_try_again(scenario: Scenario) -> None:
    """When Slack does not open the form, the person is told so and that nothing was changed."""
    scenario.fault(method="views.open", kind="error", error="expired_trigger_id", times=1)
    answer = scenario.mia.type_command("/keys request")
    assert "please try again" in words_of(answer)


@both_databases
def test_two_forms_at_once_are_two_requests(scenario: Scenario) -> None:
    """Two people submitting in the same instant both get their request."""
    for player in (scenario.mia, scenario.max):
        player.type_command('/keys request "ci" scope:read page:all')
    threads = [
        threading.Thread(target=player.submit, kwargs={"purpose": "CI."}) for player in (scenario.mia, scenario.max)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {request.requester_id for request in everything(scenario, KeyRequest)} == {MIA, MAX}


def test_a_name_that_is_taken_is_said_to_both(scenario: Scenario) -> None:
    """Whoever asks for a key hears that an active key has its name, and so do owners, with whose it is."""
    with scenario.database.write() as session:
        taken = add_key(session, scenario.clock.now(), name="Terraform Prod", holder_id=MAX)
    answer = scenario.mia.type_command(LINE)
    assert "an active key has this name already" in words_of(answer)
    assert "An active key has this name already" in words_of(shows(scenario.owners_channel(), taken.id))
    assert "another open request asks for a key of this name" in words_of(scenario.max.type_command(LINE))
    shows(scenario.owners_channel(), "Another open request asks for a key of this name")


def test_sharp_scopes_are_said_by_themselves(scenario: Scenario) -> None:
    """Owners read what a key that manages users, configures the page or reaches subscribers means."""
    scopes = "scope:users:write scope:page_configuration:write scope:subscribers:write"
    scenario.mia.type_command(f'/keys request "admin" {scopes} page:acme for 30d because we set it up')
    shows(
        scenario.owners_channel(),
        "manages the organization's users",
        "changes the page itself",
        "reaches *subscribers*",
    )


def test_all_pages_is_the_last_choice(scenario: Scenario) -> None:
    """The form offers the pages first, and all of them, those to come included, last."""
    scenario.mia.type_command("/keys request")
    pages = next(block for block in scenario.mia.modal["blocks"] if block.get("block_id") == "pages")
    assert [option["text"]["text"] for option in pages["element"]["options"]] == ["Acme", "All pages"]
