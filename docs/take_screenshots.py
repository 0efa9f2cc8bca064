"""Take the pictures of README.md and docs/ from the running demo, in a real Chromium: `make screenshots`.

Nothing is posed: the demo is started as anybody would start it, and people click through its story.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from sandbox.player import Control
from tests.browser.demo import running_demo
from tests.setup_browser import find_browser

PICTURES = Path(__file__).parent / "pictures"
OWNERS, GENERAL, STATUS = "C0OWNERS01", "C0GENERAL1", "C0STATUS01"
MIA, OMAR, INES = "U0MIA00001", "U0OMAR0001", "U0INES0001"
INCIDENT = (
    '/incident new "Checkout errors" on acme component:search=partial_outage component:"Public API"=degraded '
    "investigating Some customers see an error when they **pay**. We are looking into it. :eyes:"
)
REQUEST = (
    '/keys request "terraform prod" scope:read page:acme for 180d '
    "because Terraform keeps the list of components in step with our services"
)


class Camera:
    """Opens the workspace as somebody, and takes pictures of what they see."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address

    @contextmanager
    def person(self, user: str, channel: str, *, dark: bool = False, height: int = 820) -> Iterator[Page]:
        """The workspace as a person sees it."""
        context = self._browser.new_context(
            viewport={"width": 1180, "height": height},
            color_scheme="dark" if dark else "light",
            device_scale_factor=1,
            locale="en-GB",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(f"{self._address}/?as={user}&c={channel}")
        page.get_by_role("textbox").last.wait_for()
        yield page
        context.close()

    def type_command(self, page: Page, text: str) -> None:
        """Type a command into the composer."""
        box = page.get_by_role("textbox").last
        box.fill(f"{text} ")
        box.press("Enter")

    def shoot(self, page: Page, name: str) -> None:
        """Keep what is on the screen."""
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/pictures/{name}.png")  # noqa: T201 - a tool that says what it made


def take(camera: Camera, control: Control) -> None:
    """The story, picture by picture."""
    with camera.person(MIA, GENERAL) as page:
        camera.type_command(page, "/keys request")
        page.get_by_role("dialog").get_by_text("What may it do?").wait_for()
        camera.shoot(page, "request")
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
    control.person(MIA).type_command(REQUEST)
    with camera.person(OMAR, OWNERS) as page:
        page.get_by_role("button", name="Approve", exact=True).wait_for()
        camera.shoot(page, "approve")
        page.get_by_role("button", name="Approve", exact=True).click()
        page.get_by_role("button", name="Approve", exact=True).wait_for(state="detached")
    with camera.person(MIA, GENERAL) as page:
        page.get_by_role("navigation").get_by_text("Keydesk").first.click()
        page.get_by_role("button", name=re.compile("^Collect")).click()
        page.get_by_role("dialog").get_by_text(re.compile("kd_")).first.wait_for()
        camera.shoot(page, "collect")
    with camera.person(OMAR, OWNERS, height=1180) as page:
        camera.type_command(page, "/keys digest")
        page.get_by_text("working keys want a look").first.wait_for()
        camera.shoot(page, "digest")
    with camera.person(OMAR, OWNERS, dark=True, height=900) as page:
        page.get_by_text("Apps").wait_for()
        page.locator('a.entry[data-kind="app"]').click()
        page.get_by_text(re.compile("nightly export")).first.wait_for()
        camera.shoot(page, "home")


def take_incident(camera: Camera, control: Control) -> None:
    """An incident: its form, its preview, and its thread in the channel."""
    with camera.person(INES, GENERAL, height=1000) as page:
        camera.type_command(page, INCIDENT.partition(" investigating")[0].replace("Checkout errors", "Search fails"))
        page.get_by_role("dialog").get_by_role("button", name="Edit").click()
        page.get_by_role("dialog").get_by_text("What do you tell people?").wait_for()
        camera.shoot(page, "incident-form")
    control.person(INES).close()
    with camera.person(INES, GENERAL) as page:
        camera.type_command(page, INCIDENT)
        page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).wait_for()
        camera.shoot(page, "incident-preview")
        page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
        page.get_by_role("dialog").get_by_text("is on the page").wait_for()
    control.person(INES).close()
    ines = control.person(INES)
    ines.type_command("/incident update identified A deployment slowed the payment service down. We roll it back.")
    ines.press("Publish", ines.modal)
    ines.close()
    with camera.person(INES, STATUS) as page:
        page.get_by_text("Identified").first.wait_for()
        page.get_by_text(re.compile("2 replies")).first.click()
        page.get_by_text("We roll it back").last.wait_for()
        camera.shoot(page, "incident-channel")


def take_gateway(camera: Camera, control: Control) -> None:
    """An incident in its channel, while its page is kept by a Statuspage."""
    ines = control.person(INES)
    ines.type_command(INCIDENT)
    ines.press("Publish", ines.modal)
    ines.close()
    with camera.person(INES, STATUS, height=560) as page:
        page.get_by_text("On Statuspage").first.wait_for()
        camera.shoot(page, "statuspage-channel")


def take_public(browser: Browser, address: str) -> None:
    """The status page that customers see, in light and dark."""
    for dark in (False, True):
        name = "public-page-dark" if dark else "public-page"
        context = browser.new_context(
            viewport={"width": 1180, "height": 1000},
            color_scheme="dark" if dark else "light",
            timezone_id="Europe/Zurich",
            locale="en-GB",
        )
        page = context.new_page()
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
        page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/pictures/{name}.png")  # noqa: T201 - a tool that says what it made
        context.close()


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with running_demo() as demo, sync_playwright() as playwright:
        executable = find_browser()
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        take_incident(Camera(browser, demo.workspace), Control(demo.workspace))
        take_public(browser, demo.api)
        take(Camera(browser, demo.workspace), Control(demo.workspace))
        browser.close()
    with running_demo("--gateway") as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        take_gateway(Camera(browser, demo.workspace), Control(demo.workspace))
        browser.close()


if __name__ == "__main__":
    main()
