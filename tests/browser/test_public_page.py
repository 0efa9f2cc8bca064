"""The public page to the eye, to the keyboard and to assistive technology."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, ViewportSize, expect

from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.pages.status import Impact
from desk.transaction import Actor, Transaction
from storage.models import IncidentStatus
from tests.browser.public_stage import PublicStage
from tests.browser.stage import OpenPage
from tests.databases import copy_sqlite
from tests.public_story import open_incident
from tests.waiting import wait_until

ACTOR = Actor.operator("test")
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 320, "height": 640}
LOOKS: list[tuple[Literal["light", "dark"], ViewportSize]] = [
    ("light", WIDE),
    ("dark", WIDE),
    ("dark", PHONE),
    ("light", PHONE),
]
# To describe each element that passes takes it four times as long as to look at it.
_AXE = """() => axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
})"""


@pytest.fixture(scope="module")
def public(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicStage]:
    """One page for all tests of this file."""
    stage = PublicStage(copy_sqlite(sqlite_template, tmp_path_factory.mktemp("public")))

    def review(tx: Transaction) -> None:
        write_postmortem(tx, stage.story.resolved, "# Why\n\nA *fuse* blew.\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        publish_postmortem(tx, stage.story.resolved)

    stage.desk.write_now(ACTOR, review)
    wait_until(lambda: b"Read the postmortem" in stage.served.app.public.cache.shared["/"].body)
    yield stage
    stage.stop()


def paths(public: PublicStage) -> list[str]:
    """One document of each kind."""
    story = public.story
    incidents = [f"/incidents/{incident}/" for incident in (story.resolved, story.open, story.active)]
    return ["/", "/history/", "/uptime/", "/history/2026-02/", *incidents, "/incidents/nothing00000/"]


def violations(page: Page) -> list[str]:
    """What axe, which is in the page already, finds: each as one line."""
    found: dict[str, Any] = page.evaluate(_AXE)
    assert len(found["passes"]) > 10
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]


def turn_pages(public: PublicStage, page: Page) -> Iterator[str]:
    """Every document, one after another in the same tab: a new one would cost more than what is looked at in it."""
    for path in paths(public):
        page.goto(public.address(path))
        yield path


def test_nobody_is_shut_out(public: PublicStage, open_page: OpenPage) -> None:
    """axe finds nothing on any document, in light and dark, on a desktop and at 320 pixels, also opened up."""
    page = open_page("about:blank", expected=["404 (Not Found)"])
    found = {}
    for path in turn_pages(public, page):
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        page.evaluate(AXE_SCRIPT)
        for scheme, viewport in LOOKS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(viewport)
            if lines := violations(page):
                found[path, scheme, viewport["width"]] = lines
    assert found == {}


def test_nothing_is_cut_off(public: PublicStage, open_page: OpenPage) -> None:
    """No document is wider than the screen, also with names without a blank."""
    page_id = public.story.page
    open_incident(public.desk, page_id, "Donaudampfschifffahrtsgesellschaftskapitän" * 4)
    wait_until(lambda: b"gesellschaftskap" in public.served.app.public.cache.shared["/"].body)
    page = open_page("about:blank", expected=["404 (Not Found)"])
    for path in turn_pages(public, page):
        for width in (320, 375, 768):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_without_javascript_everything_is_there(public: PublicStage, open_page: OpenPage) -> None:
    """State, incidents, bars, groups that open and times in the page's own zone need no script."""
    page = open_page(public.address(), java_script_enabled=False, prepare=None)
    expect(page.get_by_role("heading", level=1)).to_have_text("Open Incident with Major Impact")
    expect(page.locator("article.incident time").first).to_contain_text("CET")
    group = page.locator("details.group")
    group.locator("summary").click()
    expect(group).not_to_have_attribute("open", "")
    expect(page.locator(".days").first.locator("> *")).to_have_count(90)


def test_days_speak_to_the_keyboard_and_to_the_mouse(public: PublicStage, open_page: OpenPage) -> None:
    """Every day can be reached and then says what happened: by hovering, by the tab key or from there by arrows."""
    page = open_page(public.address(), viewport=WIDE)
    strip = page.locator(".days").first
    day = strip.locator(".day.major")
    tip = day.locator(".tip")
    assert tip.bounding_box() is not None
    day.focus()
    box = tip.bounding_box()
    assert box is not None
    assert box["width"] > 100
    expect(tip).to_have_text("23 February 2026: major outage 1 h")
    page.locator("h1").click()
    day.hover()
    box = tip.bounding_box()
    assert box is not None
    assert box["width"] > 100
    # What is shown can be reached with the mouse, and put away without moving it.
    bar = day.bounding_box()
    assert bar is not None
    page.mouse.move(bar["x"] + bar["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    assert is_shown(tip)
    page.keyboard.press("Escape")
    assert not is_shown(tip)
    page.locator("h1").hover()
    day.hover()
    assert is_shown(tip)
    page.locator("h1").hover()
    day.focus()
    page.keyboard.press("ArrowLeft")
    before = strip.locator(".day:focus .tip")
    expect(before).to_have_text("22 February 2026: no downtime")
    assert is_shown(before)
    page.keyboard.press("Home")
    expect(before).to_have_text("3 December 2025: no downtime")
    page.keyboard.press("ArrowLeft")
    expect(before).to_have_text("3 December 2025: no downtime")
    page.keyboard.press("End")
    expect(before).to_contain_text("2 March 2026")


def test_days_speak_to_a_finger(public: PublicStage, open_page: OpenPage) -> None:
    """A touch shows what any day says, a quiet one too, and the next touch puts it away."""
    page = open_page(public.address(), viewport=PHONE, has_touch=True)
    day = page.locator(".days").first.locator(".day.operational").last
    day.tap()
    assert is_shown(day.locator(".tip"))
    expect(day.locator(".tip")).to_contain_text("no downtime")
    page.locator("h1").tap()
    assert not is_shown(day.locator(".tip"))


def is_shown(tip: Locator) -> bool:
    """Whether the words of a day can be seen."""
    box = tip.bounding_box()
    return box is not None and box["width"] > 100


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_what_a_day_says_is_on_the_screen(public: PublicStage, open_page: OpenPage, viewport: dict[str, int]) -> None:
    """Wherever in the row the day is, its words are not cut off at an edge."""
    page = open_page(public.address("/uptime/"), viewport=viewport)
    places = page.evaluate(
        """() => [...document.querySelector(".days").children].map((bar) => {
          if (getComputedStyle(bar).display === "none") return null;
          const day = document.createElement("span");
          day.className = "day major";
          day.tabIndex = 0;
          day.innerHTML = '<span class="tip">23 February 2026: major outage 1 h 20 min, maintenance 2 h</span>';
          bar.replaceWith(day);
          day.focus();
          const box = day.firstChild.getBoundingClientRect();
          return [box.left, box.right, box.height];
        })"""
    )
    shown = [place for place in places if place]
    assert len(shown) == (90 if viewport is WIDE else 30)
    assert min(left for left, _, _ in shown) >= 0
    assert max(right for _, right, _ in shown) <= viewport["width"]
    assert min(height for _, _, height in shown) > 20


def test_times_are_the_reader_s_own(public: PublicStage, open_page: OpenPage) -> None:
    """With a script, times are in the reader's zone and language, and the page's own is a hover away."""
    page = open_page(public.address(), timezone_id="America/New_York", locale="de-DE")
    first = page.locator('.incident time[datetime="2026-03-02T08:40:00Z"]')
    expect(first).to_contain_text("März 2026")
    expect(first).to_contain_text("03:40")
    expect(first).to_have_attribute("title", "2 March 2026, 09:40 CET")
    expect(first).to_have_attribute("lang", "de-DE")
    # A day of the page stays that day, in words of the reader's.
    expect(page.locator('.day-title time[datetime="2026-02-23"]')).to_have_text("23. Februar 2026")


def test_what_is_new_appears_while_one_looks(public: PublicStage, open_page: OpenPage) -> None:
    """The open page asks now and then, and shows a change without being loaded again."""
    page = open_page(public.address(), prepare=lambda page: page.clock.install())
    expect(page.get_by_text("Nearly there.")).to_have_count(0)
    public.desk.clock.advance(minutes=1)  # type: ignore[attr-defined]
    public.desk.write_now(
        ACTOR, lambda tx: update_incident(tx, public.story.open, IncidentChange(body="Nearly there."))
    )
    wait_until(lambda: b"Nearly there." in public.served.app.public.cache.shared["/"].body)
    expect(page.locator("#news")).to_be_empty()
    page.clock.run_for(31_000)
    expect(page.get_by_text("Nearly there.")).to_have_count(1)
    # Those who listen rather than look are told as well.
    expect(page.locator("#news")).to_have_text("Open Incident with Major Impact")


def test_nothing_is_asked_of_anybody_else(public: PublicStage, open_page: OpenPage) -> None:
    """Looking at every document makes requests to the page alone, and leaves no cookie."""
    asked: list[str] = []
    page = open_page("about:blank", expected=["404 (Not Found)"])
    page.on("request", lambda request: asked.append(request.url))
    for _ in turn_pages(public, page):
        assert page.context.cookies() == []
    assert asked
    assert [url for url in asked if not url.startswith(public.served.url)] == []


def embed(public: PublicStage, page: Page) -> Locator:
    """Load a site that embeds the script; gives its banner, once the script has asked what is open."""
    page.goto(public.address("/robots.txt"))
    with page.expect_response("**/api/v2/summary.json"):
        page.evaluate(
            "(source) => { const script = document.createElement('script'); script.src = source; "
            "document.body.append(script); }",
            public.address("/embed.js"),
        )
    return page.get_by_role("status")


def test_the_banner_for_other_sites(public: PublicStage, open_page: OpenPage) -> None:
    """A site that embeds the script shows the worst of what is open, with a link.

    Closing it hides what was seen, also from the next page that is loaded, and not what comes after.
    """
    desk, page_id = public.desk, public.story.page

    def open_one(name: str, impact: Impact) -> str:
        incident_id = open_incident(desk, page_id, name, impact_override=impact)
        wait_until(lambda: name.encode() in public.served.app.public.cache.shared["/api/v2/summary.json"].body)
        return incident_id

    worst = open_one("Everything burns", Impact.CRITICAL)
    opened = [worst, open_one("A small thing", Impact.MINOR)]
    page = open_page(public.address("/robots.txt"), expected=["404 (Not Found)"])
    banner = embed(public, page)
    link = banner.get_by_role("link")
    expect(link).to_have_text(re.compile(r"^Everything burns \(and \d more\)$"))
    expect(link).to_have_attribute("href", public.address(f"/incidents/{worst}/"))
    banner.get_by_role("button", name="Close").click()
    expect(banner).to_have_count(0)
    banner = embed(public, page)
    page.evaluate("() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))")
    expect(banner).to_have_count(0)
    opened.append(open_one("Another thing", Impact.MINOR))
    expect(embed(public, page).get_by_role("link")).to_have_text("Another thing")
    desk.clock.advance(minutes=1)  # type: ignore[attr-defined]
    desk.write_now(ACTOR, lambda tx: update_incident(tx, worst, IncidentChange(body="It still burns.")))
    wait_until(lambda: b"still burns" in public.served.app.public.cache.shared["/api/v2/summary.json"].body)
    expect(embed(public, page).get_by_role("link")).to_have_text("Everything burns (and 1 more)")
    for incident_id in opened:
        change = IncidentChange(status=IncidentStatus.RESOLVED, body="Over.")
        desk.write_now(ACTOR, partial(update_incident, incident_id=incident_id, change=change))


def test_the_page_can_be_printed(public: PublicStage, open_page: OpenPage) -> None:
    """On paper there is the state and the components, on white, without navigation, and nothing is folded."""
    page = open_page(public.address(), color_scheme="dark")
    group = page.locator("details.group")
    group.locator("summary").click()
    expect(group).not_to_have_attribute("open", "")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(group).to_have_attribute("open", "")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
