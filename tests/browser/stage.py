"""The sandbox with the echo app in it, and people who look at its page."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from sandbox.server import SandboxServer
from tests.browser.echo_app import EchoApp

OpenPage = Callable[..., Page]

OLIVIA, OMAR, MIA, MAX, GUS = "U0OLIVIA01", "U0OMAR0001", "U0MIA00001", "U0MAX00001", "U0GUS00001"
GENERAL, STATUS = "C0GENERAL1", "C0STATUS01"


class Stage:
    """The sandbox, the app in it, and a way to become somebody."""

    def __init__(self, server: SandboxServer, echo_app: EchoApp, open_page: OpenPage) -> None:
        self.server = server
        self.echo_app = echo_app
        self.open = open_page

    def enter(self, user: str, channel: str = STATUS, *, tab: str = "", **options: Any) -> Page:
        """The page as somebody sees it, once it is ready."""
        address = f"{self.server.url}/?as={user}&c={channel}" + (f"&tab={tab}" if tab else "")
        page = self.open(address, **options)
        expect(page.locator("#sidebar .side-status")).to_have_text("Echo is connected")
        return page

    def show_gallery(self, page: Page) -> None:
        """Have the app post its gallery where the page is."""
        type_line(page, "/gallery")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()


def composer(page: Page) -> Locator:
    """The box in which one writes."""
    return page.locator("#composer-input")


def type_line(page: Page, line: str) -> None:
    """Write a line and send it."""
    composer(page).fill(line)
    composer(page).press("Enter")
