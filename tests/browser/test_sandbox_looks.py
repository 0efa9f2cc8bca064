"""The sandbox's page to the eye and to assistive technology, and its two drawers."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import GENERAL, MAX, MIA, OLIVIA, STATUS, Stage, composer, type_line
from tests.waiting import wait_until

# Each visible text against the nearest opaque colour behind it, by WCAG 2's formula, drawn by the browser itself
# so that every colour notation is understood.
_FAINT_TEXTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const color = channels(style.backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  const seen = { nodes: 0 };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (node.closest("[aria-hidden=true], .visually-hidden, [disabled], .skip-link")) continue;
    const back = behind(node);
    if (!back) continue;
    seen.nodes += 1;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return { faint, seen: seen.nodes };
}"""


def _expect_readable(page: Page) -> None:
    found = page.evaluate(_FAINT_TEXTS)
    assert found["seen"] > 20
    assert not found["faint"], found["faint"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(stage: Stage, scheme: str) -> None:
    """In both themes every text, of messages, drawers and modals, has a contrast of at least 4.5 to 1."""
    page = stage.enter(MIA, color_scheme=scheme)
    stage.show_gallery(page)
    type_line(page, "/say hello @max")
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    _expect_readable(page)
    page.get_by_role("button", name="Protocol").click()
    expect(page.get_by_role("list", name="Journal").get_by_text("chat.postMessage").first).to_be_visible()
    _expect_readable(page)
    page.get_by_role("button", name="Workspace admin").click()
    expect(page.get_by_role("button", name="Deactivate Max Meyer")).to_be_visible()
    _expect_readable(page)
    page.get_by_role("button", name="Open the form").click()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Please complete this required field.").first).to_be_visible()
    _expect_readable(page)


def test_the_theme_follows_the_system_until_it_is_chosen(stage: Stage) -> None:
    """The page is dark where the system is; the switch makes it light, then dark, and a reload keeps the choice."""
    page = stage.enter(MIA, color_scheme="dark")
    ground = "getComputedStyle(document.getElementById('pane')).backgroundColor"
    dark = page.evaluate(ground)
    switch = page.get_by_role("button", name=re.compile("^Theme"))
    switch.click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    expect(switch).to_have_accessible_name("Theme: light. Change")
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="light")
    switch.click()
    assert page.evaluate(ground) == dark


def test_it_fits_a_phone(stage: Stage) -> None:
    """At 375 pixels nothing is wider than the screen, and people and channels are behind a button."""
    page = stage.enter(MIA, viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True)
    stage.show_gallery(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate("document.querySelector('.message-scroll').scrollWidth") <= 375
    general = page.locator(f'#sidebar [data-channel="{GENERAL}"]')
    expect(general).to_be_hidden()
    page.get_by_role("button", name="Show people and conversations").click()
    general.click()
    expect(page.get_by_role("heading", name="general", level=2)).to_be_visible()
    expect(general).to_be_hidden()
    page.get_by_role("button", name="Show people and conversations").click()
    page.get_by_role("button", name="Workspace admin").click()
    expect(general).to_be_hidden()
    expect(page.get_by_role("complementary", name="Workspace admin")).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show people and conversations").click()
    page.keyboard.press("Escape")
    expect(general).to_be_hidden()
    type_line(page, "/form")
    dialog = page.get_by_role("dialog", name="Ask for a key")
    expect(dialog).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None
    assert box["width"] <= 375


def test_the_page_has_landmarks_and_names(stage: Stage) -> None:
    """Regions have roles and names, and every control that can be reached has a name."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    expect(page.get_by_role("navigation", name="People")).to_be_visible()
    expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("list", name="Messages in #status")).to_be_visible()
    for role in ("button", "link", "combobox", "textbox", "checkbox", "radio"):
        for control in page.get_by_role(role).all():
            expect(control).not_to_have_accessible_name("")


def test_new_messages_are_announced(stage: Stage) -> None:
    """A message of somebody else is put into the polite live region, with its author."""
    page = stage.enter(MIA)
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="all *clear* again")
    expect(page.locator("#announcer")).to_have_text("Echo: all clear again")
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"


def test_the_way_by_keyboard_leads_through_everything(stage: Stage) -> None:
    """Tab reaches people, channels, messages' buttons and the box to write in; Alt and arrows change the channel."""
    page = stage.enter(MIA)
    stage.show_gallery(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the message box")).to_be_focused()
    wanted = ["a.rail-person", "a.entry", "[data-action-id=approve]", "[data-action-id=page]", "#composer-input"]
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted and page.evaluate("(selector) => document.activeElement.matches(selector)", wanted[0]):
            wanted.pop(0)
    assert not wanted
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("heading", name="general", level=2)).to_be_visible()


def test_an_admin_lets_somebody_go_and_come_back(stage: Stage) -> None:
    """Deactivating a person reaches the app as `user_change`, and that person's own window says it at once."""
    olivia, max_ = stage.enter(OLIVIA), stage.enter(MAX)
    olivia.get_by_role("button", name="Workspace admin").click()
    olivia.get_by_role("button", name="Deactivate Max Meyer").click()
    expect(max_.get_by_text("Max Meyer is deactivated.")).to_be_visible()
    expect(composer(max_)).to_have_count(0)
    wait_until(lambda: [each for each in stage.echo_app.events if each["type"] == "user_change"])
    assert stage.echo_app.events[-1]["user"]["deleted"] is True
    olivia.get_by_role("button", name="Reactivate Max Meyer").click()
    expect(olivia.get_by_role("button", name="Deactivate Max Meyer")).to_be_visible()
    olivia.get_by_role("combobox", name="Standing of Max Meyer").select_option("Guest")
    expect(olivia.locator("#drawer").get_by_text("@max · guest")).to_be_visible()


def test_an_admin_changes_a_group(stage: Stage) -> None:
    """Ticking a person into a user group reaches the app as a change of its members."""
    page = stage.enter(OLIVIA)
    page.get_by_role("button", name="Workspace admin").click()
    page.get_by_role("group", name=re.compile("@platform")).get_by_role("checkbox", name="Max Meyer").check()
    wait_until(lambda: [each for each in stage.echo_app.events if each["type"] == "subteam_members_changed"])
    assert stage.echo_app.events[-1]["added_users"] == [MAX]


def test_the_protocol_drawer_shows_what_went_over_the_wire(stage: Stage) -> None:
    """Each delivery and each call appears while the drawer is open, with its whole content on demand."""
    page = stage.enter(MIA)
    page.get_by_role("button", name="Protocol").click()
    journal = page.get_by_role("list", name="Journal")
    type_line(page, "/say wire")
    entry = journal.get_by_role("listitem").filter(has_text="/say wire")
    expect(entry).to_contain_text("acknowledged in")
    entry.locator("summary").click()
    expect(entry.locator("pre")).to_contain_text('"command": "/say"')
    page.get_by_role("combobox", name="Show").select_option("Bot called")
    expect(entry).to_be_hidden()
    page.keyboard.press("Escape")
    expect(journal).to_have_count(0)
    expect(page.get_by_role("button", name="Protocol")).to_be_focused()


def test_somebody_who_left_cannot_come_in(stage: Stage) -> None:
    """The address of a deactivated person says so and leaves the way to the others open."""
    page = stage.open(f"{stage.server.url}/?as=U0DAN00001", expected=["403"])
    expect(page.get_by_role("alert")).to_contain_text("Dan Gone is deactivated.")
    page.get_by_role("link", name="Switch to Mia Member").click()
    expect(page.locator("#sidebar .side-me")).to_contain_text("Mia Member")
