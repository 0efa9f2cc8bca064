"""The whole story in a real browser, against the demo as anybody starts it: a member, an owner, and curl."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo
from tests.browser.stage import GENERAL, MIA, OMAR, OpenPage, type_line
from tests.waiting import wait_until

OWNERS = "C0OWNERS01"
SECRET = re.compile(r"^kd_\w{38}$")


def _enter(open_page: OpenPage, demo: Demo, user: str, channel: str) -> Page:
    page = open_page(f"{demo.workspace}/?as={user}&c={channel}")
    expect(page.locator("#sidebar .side-status")).to_have_text("Keydesk is connected")
    return page


def _modal(page: Page) -> Locator:
    return page.get_by_role("dialog")


def _ask(page: Page, name: str) -> None:
    type_line(page, "/keys request ")
    form = _modal(page)
    form.get_by_label("Name").fill(name)
    form.get_by_label("What is it for?").fill("the browser story")
    form.locator('[data-block-id="pages"]').get_by_role("combobox").click()
    page.get_by_role("option", name="Acme", exact=True).click()
    form.get_by_label(re.compile("^Read everything")).check()
    form.get_by_role("button", name="Ask", exact=True).click()
    expect(form).to_contain_text("Owners were asked")
    page.keyboard.press("Escape")
    expect(form).not_to_be_visible()


def _approve(page: Page, name: str) -> None:
    card = page.locator("[data-ts]").filter(has_text=name).last
    card.get_by_role("button", name="Approve", exact=True).click()
    expect(card).to_contain_text("Approved")
    expect(card.get_by_role("button", name="Approve", exact=True)).to_have_count(0)


def _collect(page: Page, name: str) -> str:
    page.locator('a.entry[data-kind="im"]').click()
    card = page.locator("[data-ts]").filter(has_text=name).last
    card.get_by_role("button", name=re.compile("^Collect")).click()
    secret = _modal(page).get_by_text(SECRET)
    expect(secret).to_be_visible()
    text = secret.inner_text().strip()
    _modal(page).get_by_role("button", name="I have stored it").click()
    expect(_modal(page)).not_to_be_visible()
    return text


def _show(page: Page, name: str) -> str:
    """What `/keys show` answers."""
    messages = page.locator("[data-ts]").filter(has_text=name)
    before = messages.count()
    type_line(page, f'/keys show "{name}" ')
    # A card about the key may come at the same time.
    wait_until(lambda: messages.count() > before)
    return messages.last.inner_text()


def _get(demo: Demo, secret: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(demo.api).netloc, timeout=10)
    try:
        connection.request("GET", "/v1/pages", headers={"Authorization": f"OAuth {secret}"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_the_whole_story(demo: Demo, open_page: OpenPage) -> None:
    """Asked in a form, approved by button, collected once, used, seen as used; the unused one is in the digest, and
    the digest's buttons act."""
    mia = _enter(open_page, demo, MIA, GENERAL)
    omar = _enter(open_page, demo, OMAR, OWNERS)
    for name in ("used in the story", "left in a drawer"):
        _ask(mia, name)
        _approve(omar, name)
    used = _collect(mia, "used in the story")
    _collect(mia, "left in a drawer")
    status, pages = _get(demo, used)
    assert (status, [page["name"] for page in pages]) == (200, ["Acme"])

    # Uses are written down once a second, so the first look may come too early.
    wait_until(lambda: "127.0.0.1" in _show(omar, "used in the story"))

    type_line(omar, "/keys digest ")
    digest = omar.locator("[data-ts]").filter(has_text="working keys want a look").last
    expect(digest).to_contain_text("left in a drawer")
    expect(digest).not_to_contain_text("used in the story")
    line = digest.locator("[data-block-id]").filter(has_text="left in a drawer")
    line.locator('xpath=following::button[normalize-space()="Suspend"][1]').click()
    _modal(omar).get_by_role("textbox").first.fill("nobody uses it")
    _modal(omar).get_by_role("button", name="Suspend").click()
    expect(_modal(omar)).to_contain_text("suspended")
    omar.keyboard.press("Escape")
    expect(_modal(omar)).not_to_be_visible()
    assert "suspended" in _show(omar, "left in a drawer")


def test_a_denied_request_is_explained(demo: Demo, open_page: OpenPage) -> None:
    """Denying asks for a reason; without one the form stays and says so, and the member reads the reason."""
    mia = _enter(open_page, demo, MIA, GENERAL)
    omar = _enter(open_page, demo, OMAR, OWNERS)
    type_line(mia, '/keys request "too much" scope:read page:all for 365d because why not ')
    card = omar.locator("[data-ts]").filter(has_text="too much").last
    card.get_by_role("button", name="Deny", exact=True).click()
    _modal(omar).get_by_role("button", name="Deny").click()
    expect(_modal(omar)).to_be_visible()
    _modal(omar).get_by_role("textbox").first.fill("Ask for one page only")
    _modal(omar).get_by_role("button", name="Deny").click()
    expect(_modal(omar)).not_to_be_visible()
    expect(card).to_contain_text("Ask for one page only")
    mia.locator('a.entry[data-kind="im"]').click()
    expect(mia.locator("[data-ts]").filter(has_text="too much").last).to_contain_text("Ask for one page only")
