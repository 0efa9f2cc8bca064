"""Take the pictures of README.md and docs/ from the running demo, in a real Chromium: `make screenshots`.

Nothing is posed: the demo is started as anybody would start it, and people click through its story. Each picture is
of one thing, is taken in light and in dark, and has twice as many dots as the page that shows it has pixels.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from sandbox.player import Control
from tests.browser.demo import Demo, running_demo
from tests.setup_browser import find_browser

PICTURES = Path(__file__).parent / "pictures"
SCALE, QUALITY = 2, 82
PORTS = ("--port", "3000", "--sandbox-port", "3100")
OWNERS, GENERAL, STATUS = "C0OWNERS01", "C0GENERAL1", "C0STATUS01"
MIA, OMAR, INES = "U0MIA00001", "U0OMAR0001", "U0INES0001"
INCIDENT = (
    '/incident new "Checkout errors" on acme component:search=partial_outage component:"Public API"=degraded '
    "investigating Some customers see an error when they **pay**. We are looking into it. :eyes:"
)
REQUEST = (
    '/keys request "terraform prod" scope:read page:acme for 180d '
    "because Terraform looks up our components before it plans anything"
)


class Camera:
    """Opens the workspace as somebody, and takes pictures of a part of what they see, in light and in dark."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address

    @contextmanager
    def person(self, user: str, channel: str, *, height: int = 820) -> Iterator[Page]:
        """The workspace as a person sees it."""
        with open_page(self._browser, f"{self._address}/?as={user}&c={channel}", height=height) as page:
            page.get_by_role("textbox").last.wait_for()
            yield page

    def type_command(self, page: Page, text: str) -> None:
        """Type a command into the composer."""
        box = page.get_by_role("textbox").last
        box.fill(f"{text} ")
        box.press("Enter")


@contextmanager
def open_page(browser: Browser, address: str, *, width: int = 1180, height: int = 820) -> Iterator[Page]:
    """An address in a browser of its own, with twice as many dots as the page has pixels."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        locale="en-GB",
        timezone_id="Europe/Zurich",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def shoot(page: Page, name: str, part: Locator | None = None) -> None:
    """Keep a part of the screen, or all of it, as it is in the light and in the dark theme."""
    for theme, file in (("light", name), ("dark", f"{name}-dark")):
        frame = look(page, theme, part)
        frame.save(PICTURES / f"{file}.webp", quality=QUALITY, method=6)
        print(f"docs/pictures/{file}.webp, shown {frame.width // SCALE} wide")  # noqa: T201 - says what it made


def look(page: Page, theme: str, part: Locator | None = None) -> Image.Image:
    """What is on the screen in a theme."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    data = page.screenshot() if part is None else part.screenshot()
    return Image.open(BytesIO(data)).convert("RGB")


class Film:
    """Frames of a story, in both themes, that become one moving picture each."""

    def __init__(self) -> None:
        self._frames: dict[str, list[Image.Image]] = {"light": [], "dark": []}
        self._milliseconds: list[int] = []

    def keep(self, page: Page, seconds: float) -> None:
        """What is on the screen now, for so long."""
        for theme, frames in self._frames.items():
            frames.append(look(page, theme))
        self._milliseconds.append(round(seconds * 1000))

    def save(self, name: str) -> None:
        """Write them."""
        for theme, file in (("light", name), ("dark", f"{name}-dark")):
            first, *others = self._frames[theme]
            first.save(
                PICTURES / f"{file}.webp",
                save_all=True,
                append_images=others,
                duration=self._milliseconds,
                loop=0,
                quality=QUALITY,
                method=6,
            )
            print(f"docs/pictures/{file}.webp, shown {first.width // SCALE} wide")  # noqa: T201 - says what it made


def last_message(page: Page, text: str) -> Locator:
    """The newest message with a text in it."""
    return page.locator("li[data-ts]").filter(has_text=text).last


def dialog(page: Page) -> Locator:
    """The form that is open."""
    return page.locator("#modal .modal-panel").last


def take_story(browser: Browser, demo: Demo) -> None:
    """Typed, previewed, published, and on the page: what README begins with."""
    film, line = Film(), INCIDENT
    with open_page(browser, f"{demo.workspace}/?as={INES}&c={GENERAL}", width=960, height=600) as page:
        box = page.get_by_role("textbox").last
        box.wait_for()
        for share in (0.35, 0.7, 1.0):
            box.fill(line[: round(len(line) * share)])
            film.keep(page, 2.2 if share == 1.0 else 0.8)
        box.fill(f"{line} ")
        box.press("Enter")
        publish = dialog(page).get_by_role("button", name="Publish", exact=True)
        publish.wait_for()
        film.keep(page, 3.5)
        publish.hover()
        film.keep(page, 1.0)
        publish.click()
        dialog(page).get_by_text("is on the page").wait_for()
        film.keep(page, 1.8)
    with open_page(browser, demo.api, width=960, height=600) as page:
        page.get_by_text("Checkout errors").first.wait_for()
        film.keep(page, 4.0)
    film.save("story")


def take_keys(camera: Camera, control: Control) -> None:
    """A key, from the wish to the window that shows it, and the digest."""
    with camera.person(MIA, GENERAL, height=1400) as page:
        camera.type_command(page, "/keys request")
        dialog(page).get_by_text("What may it do?").wait_for()
        shoot(page, "request", dialog(page))
        page.keyboard.press("Escape")
    control.person(MIA).type_command(REQUEST)
    with camera.person(OMAR, OWNERS, height=1200) as page:
        page.get_by_role("button", name="Approve", exact=True).wait_for()
        shoot(page, "approve", last_message(page, "terraform prod"))
        page.get_by_role("button", name="Approve", exact=True).click()
        page.get_by_role("button", name="Approve", exact=True).wait_for(state="detached")
    with camera.person(MIA, GENERAL, height=1200) as page:
        page.get_by_role("navigation").get_by_text("Keydesk").first.click()
        page.get_by_role("button", name=re.compile("^Collect")).click()
        dialog(page).get_by_text(re.compile("kd_")).first.wait_for()
        shoot(page, "collect", dialog(page))
    with camera.person(OMAR, OWNERS, height=1600) as page:
        camera.type_command(page, "/keys digest")
        page.get_by_text("working keys want a look").first.wait_for()
        shoot(page, "digest", last_message(page, "working keys want a look"))
    with camera.person(OMAR, OWNERS, height=1000) as page:
        page.get_by_text("Apps").wait_for()
        page.locator('a.entry[data-kind="app"]').click()
        page.get_by_text(re.compile("nightly export")).first.wait_for()
        shoot(page, "home", page.locator("#pane"))


def take_forms(camera: Camera, control: Control) -> None:
    """The form of an incident, and its preview; nothing is published."""
    with camera.person(INES, GENERAL, height=1400) as page:
        camera.type_command(page, INCIDENT.partition(" investigating")[0])
        dialog(page).get_by_role("button", name="Edit").click()
        dialog(page).get_by_text("What do you tell people?").wait_for()
        shoot(page, "incident-form", dialog(page))
    control.person(INES).close()
    with camera.person(INES, GENERAL, height=1100) as page:
        camera.type_command(page, INCIDENT)
        dialog(page).get_by_role("button", name="Publish", exact=True).wait_for()
        shoot(page, "incident-preview", dialog(page))
    control.person(INES).close()


def take_channel(camera: Camera, control: Control) -> None:
    """The incident's channel, with an update in its thread."""
    ines = control.person(INES)
    ines.type_command("/incident update identified A deployment slowed the payment service down. We roll it back.")
    ines.press("Publish", ines.modal)
    ines.close()
    with camera.person(INES, STATUS, height=760) as page:
        page.get_by_text("Identified").first.wait_for()
        page.get_by_text(re.compile("2 replies")).first.click()
        page.get_by_text("We roll it back").last.wait_for()
        shoot(page, "incident-channel")


def take_gateway(camera: Camera, control: Control) -> None:
    """An incident in its channel, while its page is kept by a Statuspage."""
    ines = control.person(INES)
    ines.type_command(INCIDENT)
    ines.press("Publish", ines.modal)
    ines.close()
    with camera.person(INES, STATUS, height=900) as page:
        page.get_by_text("On Statuspage").first.wait_for()
        shoot(page, "statuspage-channel", last_message(page, "Checkout errors"))


def take_public(browser: Browser, address: str) -> None:
    """The status page that customers see."""
    with open_page(browser, address, width=960, height=1000) as page:
        page.get_by_role("heading", level=1).wait_for()
        shoot(page, "public-page")


def require_emoji(browser: Browser) -> None:
    """Stop where no font has emoji in colour: each would be an empty box in the pictures."""
    with open_page(browser, "data:text/html;charset=utf-8,<p style='font-size:40px'>%F0%9F%9F%A0") as page:
        colours = look(page, "light").getcolors(1 << 24) or []
    if not any(max(colour) - min(colour) > 100 for _, colour in colours):  # type: ignore[arg-type]
        raise SystemExit("No font here has emoji in colour. Install one, on Debian fonts-noto-color-emoji.")


def main() -> None:
    """Take all pictures, at the addresses that everybody's demo has."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        executable = find_browser()
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        require_emoji(browser)
        with running_demo(*PORTS) as demo:
            camera, control = Camera(browser, demo.workspace), Control(demo.workspace)
            take_forms(camera, control)
            take_story(browser, demo)
            control.person(INES).close()
            take_channel(camera, control)
            take_public(browser, demo.api)
            take_keys(camera, control)
        with running_demo("--gateway", *PORTS) as demo:
            take_gateway(Camera(browser, demo.workspace), Control(demo.workspace))
        browser.close()


if __name__ == "__main__":
    main()
