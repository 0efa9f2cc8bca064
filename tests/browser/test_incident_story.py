"""An incident in a real browser, against the demo as anybody starts it: from Slack to customers, and back."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo
from tests.browser.stage import OpenPage, type_line
from tests.waiting import wait_until

STATUS, INES, MAX = "C0STATUS01", "U0INES0001", "U0MAX00001"


def _enter(open_page: OpenPage, demo: Demo, user: str) -> Page:
    page = open_page(f"{demo.workspace}/?as={user}&c={STATUS}")
    expect(page.locator("#sidebar .side-status")).to_have_text("Keydesk is connected")
    return page


def _modal(page: Page) -> Locator:
    return page.get_by_role("dialog")


def _press(page: Page, label: str) -> None:
    _modal(page).get_by_role("button", name=label, exact=True).click()


def _close(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(_modal(page)).not_to_be_visible()


def _wait_for_headline(customer: Page, words: str) -> None:
    """Look again once the page says so: it is rendered a moment after the click."""
    wait_until(lambda: f"{words}</h1>" in customer.request.get(customer.url).text())
    customer.reload()
    assert customer.get_by_role("heading", level=1).inner_text() == words


def test_from_slack_to_customers_and_back(demo: Demo, open_page: OpenPage) -> None:
    """Opened in a form with the keyboard, seen by customers, updated by a colleague, resolved in the channel."""
    ines, customer = _enter(open_page, demo, INES), open_page(demo.api)
    expect(customer.get_by_role("heading", level=1)).to_have_text("All Systems Operational")

    type_line(ines, "/incident new ")
    form = _modal(ines)
    form.get_by_label("Name").fill("Checkout errors")
    form.get_by_label("What do you tell people?").fill("Payments **fail**. We look. :eyes:")
    picker = form.locator('[data-block-id^="components"]').get_by_role("combobox")
    picker.click()
    picker.type("sear")
    ines.get_by_role("option", name=re.compile("Search")).click()
    form.get_by_role("combobox", name="Data - Search").click()
    ines.get_by_role("option", name="Partial outage").click()
    _press(ines, "Preview")
    expect(_modal(ines)).to_contain_text("Operational → ")
    expect(_modal(ines)).to_contain_text("Payments fail. We look.")
    _press(ines, "Publish")
    expect(_modal(ines)).to_contain_text("is on the page")
    _close(ines)

    _wait_for_headline(customer, "Open Incident with Major Impact")
    expect(customer.locator("strong", has_text="fail")).to_be_visible()

    colleague = _enter(open_page, demo, MAX)
    head = colleague.locator("[data-ts]").filter(has_text="Checkout errors").first
    head.get_by_role("button", name="Update").click()
    _modal(colleague).get_by_label("What do you tell people?").fill("A deployment broke it.")
    _press(colleague, "Preview")
    _press(colleague, "Publish")
    expect(_modal(colleague)).to_contain_text("is on the page")
    _close(colleague)
    expect(head).to_contain_text("A deployment broke it.")

    head = ines.locator("[data-ts]").filter(has_text="Checkout errors").first
    head.get_by_role("button", name="Resolve").click()
    _press(ines, "Preview")
    expect(_modal(ines)).to_contain_text("This incident has been resolved.")
    _press(ines, "Publish")
    expect(_modal(ines)).to_contain_text("is on the page")
    _close(ines)
    _wait_for_headline(customer, "All Systems Operational")
