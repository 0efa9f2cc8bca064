"""Modals on the sandbox's page: errors beside fields, a stack that keeps what was typed, focus that comes back."""

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.stage import MIA, Stage, composer, type_line
from tests.waiting import wait_until


def _open_form(page: Page) -> Locator:
    type_line(page, "/form")
    dialog = page.get_by_role("dialog", name="Ask for a key")
    expect(dialog).to_be_visible()
    return dialog


def _choose_page(page: Page, name: str = "Acme EU") -> None:
    page.get_by_role("combobox", name="Pages").click()
    page.get_by_role("option", name=name).click()
    page.keyboard.press("Escape")


def test_a_form_is_checked_filled_and_sent(stage: Stage) -> None:
    """What is missing is said beside its field without asking the app; what is entered arrives as Slack's values."""
    page = stage.enter(MIA)
    dialog = _open_form(page)
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    dialog.get_by_role("button", name="Ask").click()
    for block in ("name", "pages"):
        expect(dialog.locator(f'[data-block-id="{block}"] [role=alert]')).to_have_text(re.compile("required"))
    expect(dialog.locator('[data-block-id="why"] [role=alert]')).to_be_empty()
    assert stage.echo_app.submitted == []
    dialog.get_by_role("textbox", name="Name").fill("terraform prod")
    expect(dialog.locator('[data-block-id="name"] [role=alert]')).to_be_empty()
    _choose_page(page)
    dialog.get_by_label("Until").fill("2027-01-02")
    dialog.get_by_role("textbox", name="Contact").fill("not an address")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog.locator('[data-block-id="mail"] [role=alert]')).to_have_text("Please enter a valid email address.")
    dialog.get_by_role("textbox", name="Contact").fill("mia@acme.example")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog).to_be_hidden()
    (values,) = stage.echo_app.submitted
    assert values["name"]["name"] == {"type": "plain_text_input", "value": "terraform prod"}
    assert values["why"]["why"]["value"] is None
    assert [option["value"] for option in values["pages"]["pages"]["selected_options"]] == ["eu"]
    assert values["until"]["until"]["selected_date"] == "2027-01-02"
    assert values["mail"]["mail"]["value"] == "mia@acme.example"


def test_errors_of_the_app_stand_beside_their_fields(stage: Stage) -> None:
    """The app's error shows under the field, which gets the focus, and everything entered is still there."""
    page = stage.enter(MIA)
    dialog = _open_form(page)
    name = dialog.get_by_role("textbox", name="Name")
    name.fill("taken")
    _choose_page(page)
    name.press("Enter")
    expect(dialog.get_by_text("That name is taken. Choose another one.")).to_be_visible()
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description(re.compile("That name is taken"))
    expect(dialog.get_by_role("button", name="Remove Acme EU")).to_be_visible()
    name.fill("free")
    name.press("Enter")
    expect(dialog).to_be_hidden()


def test_a_submission_on_its_way_cannot_be_sent_twice(stage: Stage) -> None:
    """While the app thinks, the form is busy and its button disabled."""
    page = stage.enter(MIA)
    dialog = _open_form(page)
    dialog.get_by_role("textbox", name="Name").fill("slow")
    _choose_page(page)
    stage.echo_app.hold()
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_role("button", name="Ask")).to_be_disabled()
    expect(dialog.locator("form")).to_have_attribute("aria-busy", "true")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    stage.echo_app.release()
    expect(dialog).to_be_hidden()
    assert len(stage.echo_app.submitted) == 1


def test_a_dispatching_input_updates_the_form_in_place(stage: Stage) -> None:
    """Choosing in an input that dispatches tells the app what else was typed; the update keeps it all."""
    page = stage.enter(MIA)
    dialog = _open_form(page)
    dialog.get_by_role("textbox", name="Name").fill("typed before")
    dialog.get_by_role("combobox", name="Lifetime").click()
    page.get_by_role("option", name="90 days").click()
    expect(dialog.locator('[data-block-id="note"]')).to_have_text("heard life = 90, name = typed before")
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("typed before")
    expect(dialog.get_by_role("combobox", name="Lifetime")).to_have_value("90 days")
    expect(dialog.get_by_role("combobox", name="Lifetime")).to_be_focused()


def test_a_stack_of_modals_goes_back_step_by_step(stage: Stage) -> None:
    """Pushed modals lie on each other; Back and Escape leave one each, and what was typed below is still there."""
    page = stage.enter(MIA)
    form = _open_form(page)
    form.get_by_role("textbox", name="Name").fill("below")
    expect(form.get_by_role("button", name="Back")).to_be_hidden()
    form.get_by_role("button", name="One more").click()
    top = page.get_by_role("dialog", name="On top")
    expect(top.get_by_role("button", name="Back")).to_be_visible()
    top.get_by_role("textbox", name="More").fill("second")
    second = top.locator("form").get_attribute("data-view-id")
    top.get_by_role("button", name="One more").click()
    expect(top.locator("form")).not_to_have_attribute("data-view-id", second or "")
    expect(top.get_by_role("textbox", name="More")).to_have_value("")
    page.keyboard.press("Escape")
    expect(top.get_by_role("textbox", name="More")).to_have_value("second")
    top.get_by_role("button", name="Back").click()
    expect(form.get_by_role("textbox", name="Name")).to_have_value("below")
    wait_until(lambda: len(stage.echo_app.closed) == 2)
    assert [body["is_cleared"] for body in stage.echo_app.closed] == [False, False]


def test_the_cross_clears_the_whole_stack(stage: Stage) -> None:
    """Close at the top right leaves all modals at once, and the app is told that they were cleared."""
    page = stage.enter(MIA)
    _open_form(page).get_by_role("button", name="One more").click()
    page.get_by_role("dialog", name="On top").get_by_role("button", name="Close", exact=True).first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until(lambda: stage.echo_app.closed)
    assert {body["is_cleared"] for body in stage.echo_app.closed} == {True}


def test_numbers_and_files_are_sent_and_an_answer_clears_the_stack(stage: Stage) -> None:
    """A number must be one, chosen files are uploaded and named in the values, and `clear` closes every modal."""
    page = stage.enter(MIA)
    _open_form(page).get_by_role("button", name="One more").click()
    dialog = page.get_by_role("dialog", name="On top")
    dialog.get_by_label("Calls a day").fill("1.5")
    dialog.get_by_role("button", name="Finish").click()
    expect(dialog.locator('[data-block-id="calls"] [role=alert]')).to_have_text("Please enter a whole number.")
    dialog.get_by_label("Calls a day").fill("12")
    proof: FilePayload = {"name": "proof.txt", "mimeType": "text/plain", "buffer": b"seen"}
    dialog.get_by_label("Proof").set_input_files(proof)
    expect(dialog.get_by_role("button", name="Remove proof.txt")).to_be_visible()
    dialog.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (values,) = stage.echo_app.submitted
    assert values["calls"]["calls"]["value"] == "12"
    (file,) = values["proof"]["proof"]["files"]
    assert stage.server.workspace.file_contents[file["id"]] == b"seen"


def test_the_focus_stays_inside_and_comes_back(stage: Stage) -> None:
    """Tab never leaves an open modal; when it closes, the focus is where it was."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.get_by_role("button", name="Open the form").press("Enter")
    dialog = page.get_by_role("dialog", name="Ask for a key")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    for _ in range(25):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#modal')"
        )
        assert place, page.evaluate("document.activeElement.outerHTML")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Open the form")).to_be_focused()
    composer(page).fill("/form")
    composer(page).press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(composer(page)).to_be_focused()


def test_a_modal_without_fields_can_only_be_closed(stage: Stage) -> None:
    """A modal that only shows has no submit button, and the focus is on the button that closes it."""
    page = stage.enter(MIA)
    type_line(page, "/note")
    dialog = page.get_by_role("dialog", name="Your key")
    expect(dialog.locator("code")).to_have_text("kd_secret")
    expect(dialog.get_by_role("button", name="Done")).to_be_focused()
    expect(dialog.locator("[type=submit]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def test_an_open_modal_survives_a_reload(stage: Stage) -> None:
    """Whoever comes back to the page finds the modal that is still open, and it still works."""
    page = stage.enter(MIA)
    _open_form(page)
    page.reload()
    dialog = page.get_by_role("dialog", name="Ask for a key")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_a_form_is_redrawn_while_it_is_filled_in(stage: Stage) -> None:
    """With the keyboard alone: choosing a page changes what the components menu offers, in groups and by what is
    typed, forgets the components of the other page and keeps everything else, which arrives in Slack's own form."""
    page = stage.enter(MIA)
    type_line(page, "/plan")
    dialog = page.get_by_role("dialog", name="Plan")
    dialog.get_by_role("textbox", name="Title").fill("typed before")
    dialog.get_by_role("radio", name="Major").press("Space")
    dialog.get_by_label("Hour").fill("09:30")
    expect(dialog.locator('[data-block-id="hour"]')).to_contain_text("Europe/Paris")
    parts = dialog.get_by_role("combobox", name="Components")
    parts.press("ArrowDown")
    expect(page.get_by_role("group", name="ACME-WEB")).to_be_visible()
    parts.press("ArrowDown")
    parts.press("Enter")
    expect(dialog.get_by_role("button", name="Remove acme-web")).to_be_visible()
    faces = dialog.get_by_role("combobox", name="Page")
    faces.fill("beta")
    faces.press("Enter")
    expect(dialog.get_by_role("button", name="Remove acme-web")).to_be_hidden()
    expect(faces).to_have_value("Beta")
    expect(faces).to_be_focused()
    parts.fill("api")
    expect(page.get_by_role("option")).to_have_text(["beta-api"])
    parts.press("Enter")
    expect(dialog.get_by_role("button", name="Remove beta-api")).to_be_visible()
    parts.press("Escape")
    dialog.get_by_label("Start").focus()
    dialog.get_by_role("textbox", name="Title").press("Enter")
    expect(dialog).to_be_hidden()
    (values,) = stage.echo_app.submitted
    assert values["title"]["title"]["value"] == "typed before"
    assert values["page"]["face"]["selected_option"]["value"] == "beta"
    assert [option["value"] for option in values["parts.beta"]["parts"]["selected_options"]] == ["beta-api"]
    assert values["impact"]["impact"]["selected_option"]["value"] == "major"
    assert values["start"]["start"]["selected_date_time"] == 1893585645
    assert values["hour"]["hour"] == {"type": "timepicker", "selected_time": "09:30", "timezone": "Europe/Paris"}
