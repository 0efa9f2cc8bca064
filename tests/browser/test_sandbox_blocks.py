"""Block Kit on the sandbox's page: drawn as Slack draws it, and every control heard by the app."""

from playwright.sync_api import Page, Route, expect

from tests.browser.stage import MAX, MIA, STATUS, Stage


def _hears(page: Page, sentence: str) -> None:
    expect(page.get_by_role("listitem").filter(has_text=sentence)).to_be_visible()


def test_text_blocks_are_drawn_with_their_marks(stage: Stage) -> None:
    """Headers, mrkdwn, fields, context and rich text become the elements that they mean."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    texts = page.locator(".message").filter(has_text="A header")
    expect(texts.get_by_role("heading", name="A header 🔑")).to_be_visible()
    for tag, text in (("strong", "bold"), ("em", "italic"), ("s", "struck"), ("code", "code"), ("pre", "curl")):
        expect(texts.locator(tag).filter(has_text=text).first).to_be_visible()
    expect(texts).to_contain_text("🎉 snake_case_name 2*3*4")
    expect(texts.locator("blockquote").first).to_have_text("quoted a link")
    expect(texts.get_by_role("link", name="a link")).to_have_attribute("href", "https://example.com/a_b")
    expect(texts).to_contain_text("@Mia Member #status @platform")
    expect(texts.locator("time").filter(has_text="2030-01-01")).to_be_visible()
    expect(texts.locator(".fields .text")).to_have_text(["Scopesread", "Lifetime90 days"])
    expect(texts.locator(".context")).to_have_text("a small note")
    expect(texts.locator(".rich-text li")).to_have_text(["first point", "second point"])
    expect(texts.locator(".rich-text pre")).to_have_text("kd_preformatted")
    expect(texts.locator(".rich-text blockquote")).to_have_text("a rich quote")
    expect(texts.get_by_role("separator")).to_be_visible()


def test_markup_in_a_message_stays_text(stage: Stage) -> None:
    """Tags in a message are shown as they were typed, and no element comes of them."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    hostile = page.locator(".text").filter(has_text="alert(1)")
    expect(hostile).to_have_text("<script>alert(1)</script> <img src=x onerror=alert(1)> <b>bold</b>")
    assert hostile.locator("script, img, b").count() == 0
    link = {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:alert(1)|press me>"}}
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="x", blocks=[link])
    expect(page.get_by_text("press me")).to_be_visible()
    expect(page.get_by_role("link", name="press me")).to_have_count(0)


def test_markdown_and_tables_are_drawn(stage: Stage) -> None:
    """A markdown block has headings, lists and tables; a table block has a head and rows."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    markdown = page.locator(".markdown")
    expect(markdown.get_by_role("heading", name="Weekly digest")).to_be_visible()
    expect(markdown.get_by_role("listitem")).to_have_text(["one", "two"])
    expect(markdown.get_by_role("cell", name="12")).to_be_visible()
    table = page.get_by_role("region", name="Table")
    expect(table.get_by_role("columnheader")).to_have_text(["Key", "Last used"])
    expect(table.get_by_role("cell", name="terraform prod")).to_be_visible()


def test_an_unknown_block_is_named(stage: Stage) -> None:
    """A block that the page cannot draw is not silently left out."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    expect(page.get_by_role("note")).to_have_text("Unsupported block: video")


def test_buttons_and_menus_are_heard(stage: Stage) -> None:
    """A button sends its value; an overflow menu opens with the keyboard and sends the chosen option."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.get_by_role("button", name="Approve").click()
    _hears(page, "heard approve = r1")
    page.get_by_role("button", name="More actions").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Show details")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    _hears(page, "heard more = similar")
    expect(page.get_by_role("button", name="More actions")).to_be_focused()


def test_a_confirmation_is_asked_first(stage: Stage) -> None:
    """A button with a confirmation sends nothing when declined, by button or Escape, and its value when confirmed."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.get_by_role("button", name="Deny").click()
    dialog = page.get_by_role("dialog", name="Deny the request?")
    expect(dialog).to_contain_text("Nobody gets a key.")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Deny").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Deny")).to_be_focused()
    page.get_by_role("button", name="Deny").click()
    dialog.get_by_role("button", name="Yes, deny").click()
    _hears(page, "heard deny = r2")
    expect(page.locator(".message").filter(has_text="heard deny")).to_have_count(1)


def test_selects_are_heard(stage: Stage) -> None:
    """Each kind of select offers what it should, by mouse or keyboard, and sends what was chosen."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    static = page.get_by_role("combobox", name="Choose a page")
    static.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    _hears(page, "heard page = beta")
    expect(static).to_have_value("Beta")
    scopes = page.get_by_role("combobox", name="Choose scopes")
    scopes.click()
    page.get_by_role("option", name="read").click()
    _hears(page, "heard scopes = read")
    page.get_by_role("option", name="write").click()
    _hears(page, "heard scopes = read, write")
    page.get_by_role("button", name="Remove read").click()
    _hears(page, "heard scopes = write")
    incident = page.get_by_role("combobox", name="Find an incident")
    incident.press_sequentially("db")
    page.get_by_role("option", name="Incident about db").click()
    _hears(page, "heard incident = about-db")


def test_a_late_answer_leaves_the_focus_where_the_person_is(stage: Stage) -> None:
    """Who goes on to another select while the app still answers types there to the end."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.get_by_role("combobox", name="Choose scopes").click()
    page.get_by_role("option", name="read").click()
    _hears(page, "heard scopes = read")
    held: list[Route] = []
    page.route("**/sandbox/action", lambda route: held.append(route))
    page.get_by_role("button", name="Remove read").click()
    incident = page.get_by_role("combobox", name="Find an incident")
    incident.press_sequentially("d")
    expect(page.get_by_role("button", name="Remove read")).to_have_count(0)
    held.pop().continue_()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    page.keyboard.press("b")
    expect(incident).to_be_focused()
    page.get_by_role("option", name="Incident about db").click()


def test_people_and_channels_can_be_chosen(stage: Stage) -> None:
    """Selects of people and conversations list who and what there is, without those who left."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    who = page.get_by_role("combobox", name="Choose a person")
    who.click()
    expect(page.get_by_role("option", name="Omar Ortiz")).to_be_visible()
    expect(page.get_by_role("option", name="Dan Gone")).to_have_count(0)
    who.press_sequentially("max")
    page.keyboard.press("Enter")
    _hears(page, f"heard who = {MAX}")
    page.get_by_role("combobox", name="Choose people").click()
    page.get_by_role("option", name="Mia Member").click()
    _hears(page, f"heard team = {MIA}")
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Choose a channel").click()
    page.get_by_role("option", name="status").click()
    _hears(page, f"heard channel = {STATUS}")
    page.get_by_role("combobox", name="Choose a conversation").click()
    page.get_by_role("option", name="Echo").click()
    _hears(page, f"heard where = D{MIA[1:]}")


def test_dates_and_times_are_heard(stage: Stage) -> None:
    """Date, time and date with time arrive in Slack's own forms; a date typed digit by digit arrives once."""
    page = stage.enter(MIA, timezone_id="Europe/Berlin")
    stage.show_gallery(page)
    page.get_by_label("Choose a day").fill("2026-12-24")
    _hears(page, "heard day = 2026-12-24")
    page.get_by_label("Choose a day").press_sequentially("01022027")
    page.keyboard.press("Enter")
    _hears(page, "heard day = 2027-01-02")
    expect(page.locator(".message").filter(has_text="heard day")).to_have_count(2)
    page.get_by_label("Choose a time").fill("09:30")
    _hears(page, "heard time = 09:30")
    page.get_by_label("Choose a date and time").fill("2026-12-24T18:00")
    _hears(page, "heard moment = 1798131600")


def test_checkboxes_and_radio_buttons_are_heard(stage: Stage) -> None:
    """Boxes send all that are ticked; radio buttons send the one."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.get_by_role("checkbox", name="Log it").check()
    _hears(page, "heard extras = log")
    page.get_by_role("checkbox", name="Tell the owners").check()
    _hears(page, "heard extras = tell, log")
    page.get_by_role("radio", name="Fast").check()
    _hears(page, "heard speed = fast")
