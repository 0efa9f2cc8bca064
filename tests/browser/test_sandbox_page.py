"""The sandbox's page: who is here, what is said, what it looks like."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.echo_blocks import CONTROLS
from tests.browser.stage import GENERAL, GUS, MAX, MIA, OLIVIA, STATUS, Stage, composer, type_line


def test_the_address_says_who_one_is_and_where(stage: Stage) -> None:
    """Two windows with two addresses are two people, and each is told who they are."""
    olivia = stage.enter(OLIVIA)
    gus = stage.enter(GUS)
    expect(olivia.locator("#sidebar .side-me")).to_contain_text("Olivia Owens")
    expect(olivia.locator("#sidebar .side-me")).to_contain_text("primary owner")
    expect(gus.locator("#sidebar .side-me")).to_contain_text("guest")
    expect(olivia.get_by_role("heading", name="status", level=2)).to_be_visible()


def test_a_message_reaches_the_other_window_at_once(stage: Stage) -> None:
    """What one person says shows in the other's window, with mentions resolved and nothing taken for markup."""
    mia, max_ = stage.enter(MIA), stage.enter(MAX)
    type_line(mia, "Hello @max, see #general: <b>5 & 6</b>")
    message = max_.get_by_role("listitem").filter(has_text="Hello")
    expect(message).to_contain_text("Mia Member")
    expect(message.locator(".text")).to_have_text("Hello @Max Meyer, see #general: <b>5 & 6</b>")
    expect(message.get_by_role("link", name="#general")).to_have_attribute("href", re.compile(GENERAL))


def test_switching_the_person_is_one_click_or_one_key(stage: Stage) -> None:
    """A click in the rail, or Alt with a digit, makes one somebody else in the same channel."""
    page = stage.enter(MIA)
    page.get_by_role("link", name="Switch to Max Meyer").click()
    expect(page.locator("#sidebar .side-me")).to_contain_text("Max Meyer")
    expect(page).to_have_url(re.compile(f"as={MAX}&c={STATUS}"))
    page.keyboard.press("Alt+1")
    expect(page.locator("#sidebar .side-me")).to_contain_text("Olivia Owens")
    page.go_back()
    expect(page.locator("#sidebar .side-me")).to_contain_text("Max Meyer")


def test_an_ephemeral_answer_is_seen_by_one_person_only(stage: Stage) -> None:
    """A command's answer says "Only visible to you" to who asked, and is not in another's window."""
    mia, max_ = stage.enter(MIA), stage.enter(MAX)
    type_line(mia, "/say only for me")
    answer = mia.get_by_role("listitem").filter(has_text="only for me")
    expect(answer).to_contain_text("Only visible to you")
    type_line(max_, "something later")
    expect(mia.get_by_role("listitem").filter(has_text="something later")).to_be_visible()
    expect(max_.get_by_role("listitem").filter(has_text="something later")).to_be_visible()
    expect(max_.get_by_text("only for me")).to_have_count(0)


def test_a_command_is_completed_with_the_keyboard_alone(stage: Stage) -> None:
    """A slash opens the commands with hint and description; arrows, Tab and Enter take them, Escape leaves them."""
    page = stage.enter(MIA)
    composer(page).press_sequentially("/")
    options = page.get_by_role("option")
    expect(options).to_have_count(5)
    expect(options.filter(has_text="/say")).to_contain_text("[anything]")
    composer(page).press("Escape")
    expect(options).to_have_count(0)
    composer(page).press_sequentially("s")
    composer(page).press("Tab")
    expect(composer(page)).to_have_value("/say ")
    composer(page).press_sequentially("@ma")
    expect(page.get_by_role("option", name="Max Meyer")).to_have_attribute("aria-selected", "true")
    composer(page).press("Enter")
    composer(page).press_sequentially("in #sta")
    composer(page).press("Tab")
    expect(composer(page)).to_have_value("/say @max in #status ")
    composer(page).press("Enter")
    answer = page.get_by_role("listitem").filter(has_text="Only visible to you")
    expect(answer).to_contain_text(f"‹@{MAX}|max› in ‹#{STATUS}|status›")
    expect(answer).to_contain_text("@Max Meyer in #status")


def test_an_unknown_command_is_explained_and_given_back(stage: Stage) -> None:
    """A command that does not exist is answered where one looks, and the typed line is not lost."""
    page = stage.enter(MIA)
    type_line(page, "/nonsense now")
    expect(page.get_by_role("listitem").filter(has_text="/nonsense is not a valid command")).to_be_visible()
    expect(composer(page)).to_have_value("/nonsense now")


def test_changed_and_deleted_messages_follow_the_app(stage: Stage) -> None:
    """An updated message is marked as edited in place; a deleted one disappears."""
    page = stage.enter(MIA)
    ts = stage.echo_app.call("chat.postMessage", channel=STATUS, text="first words")["ts"]
    expect(page.locator(f'[data-ts="{ts}"]')).to_contain_text("first words")
    stage.echo_app.call("chat.update", channel=STATUS, ts=ts, text="second words")
    expect(page.locator(f'[data-ts="{ts}"]')).to_contain_text("second words")
    expect(page.locator(f'[data-ts="{ts}"]')).to_contain_text("(edited)")
    stage.echo_app.call("chat.delete", channel=STATUS, ts=ts)
    expect(page.locator(f'[data-ts="{ts}"]')).to_have_count(0)


def test_messages_are_grouped_under_their_author(stage: Stage) -> None:
    """Messages in a row from one person show the name once; another person's message begins a new group."""
    mia, max_ = stage.enter(MIA), stage.enter(MAX)
    for line in ("one", "two"):
        type_line(mia, line)
        expect(max_.locator(".message").filter(has_text=line)).to_be_visible()
    type_line(max_, "three")
    heads = mia.locator(".message .message-head:not(.visually-hidden)")
    expect(heads).to_have_count(2)
    expect(heads.nth(1)).to_contain_text("Max Meyer")


def test_what_is_said_elsewhere_is_counted_until_it_is_read(stage: Stage) -> None:
    """A message in another channel shows as unread, and the count goes when one looks."""
    page = stage.enter(MIA, GENERAL)
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="look here")
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="and here")
    entry = page.locator(f'#sidebar [data-channel="{STATUS}"]')
    expect(entry).to_contain_text("2 unread")
    entry.click()
    expect(page.get_by_text("look here")).to_be_visible()
    expect(entry).not_to_contain_text("unread")
    page.reload()
    expect(page.get_by_text("look here")).to_be_visible()
    expect(page.locator(f'#sidebar [data-channel="{STATUS}"]')).not_to_contain_text("unread")


def test_a_thread_opens_beside_its_channel(stage: Stage) -> None:
    """A reply stays out of the channel, is counted under its message, and shows in the thread."""
    page = stage.enter(MIA)
    type_line(page, "who has the key?")
    message = page.locator("#pane .message").filter(has_text="who has the key?")
    message.hover()
    message.get_by_role("button", name="Reply in thread").click()
    reply = page.get_by_role("textbox", name="Reply…")
    expect(reply).to_be_focused()
    reply.fill("me")
    reply.press("Enter")
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_role("listitem").filter(has_text="me")).to_have_count(2)
    expect(message.get_by_role("button", name="1 reply")).to_be_visible()
    expect(page.locator("#pane .message")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()


def test_buttons_in_a_thread_are_heard(stage: Stage) -> None:
    """A reply of the app has its buttons and menus in the thread, what they cause stands there too, and a reply that
    was sent to the channel as well leads from there into its thread."""
    blocks = [CONTROLS[0], {**CONTROLS[1], "elements": CONTROLS[1]["elements"][:1]}]
    head = stage.echo_app.call("chat.postMessage", channel=STATUS, text="An incident")["ts"]
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="An update", blocks=blocks, thread_ts=head)
    page = stage.enter(MIA)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    thread.get_by_role("button", name="Approve").press("Enter")
    expect(thread.get_by_text("heard approve = r1")).to_be_visible()
    thread.get_by_role("combobox", name="Choose a page").press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(thread.get_by_text("heard page = acme")).to_be_visible()
    expect(page.locator("#pane .message")).to_have_count(1)
    thread.get_by_role("button", name="Close thread").click()
    reply = {"channel": STATUS, "text": "Resolved", "thread_ts": head, "reply_broadcast": True}
    stage.echo_app.call("chat.postMessage", **reply)
    shown = page.locator("#pane .message").filter(has_text="Resolved")
    shown.get_by_role("button", name="Replied to a thread").click()
    expect(thread.get_by_text("An update")).to_be_hidden()
    expect(thread.get_by_text("Resolved")).to_be_visible()
    expect(thread.get_by_text("heard page = acme")).to_be_visible()


def test_the_home_tab_is_published_and_answers(stage: Stage) -> None:
    """Opening Home tells the app, shows what it publishes, and follows its updates after a click."""
    page = stage.enter(MIA, f"D{MIA[1:]}", tab="home")
    expect(page.get_by_role("heading", name="Welcome home")).to_be_visible()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("heard refresh = now")).to_be_visible()
    page.get_by_role("link", name="Messages", exact=True).click()
    type_line(page, "hello echo")
    expect(page.get_by_role("listitem").filter(has_text="hello echo")).to_be_visible()
    page.get_by_role("link", name="About").click()
    expect(page.get_by_text("Say it back")).to_be_visible()


def test_live_updates_come_back_after_the_link_was_cut(stage: Stage) -> None:
    """A page whose link broke says so, connects again by itself and shows what it missed."""
    links: list[WebSocketRoute] = []
    broken = False

    def watch(page: Page) -> None:
        page.route_web_socket("**/sandbox/live*", carry)

    def carry(link: WebSocketRoute) -> None:
        if broken:
            link.close()
        else:
            link.connect_to_server()
            links.append(link)

    page = stage.enter(MIA, prepare=watch)
    broken = True
    links[0].close()
    expect(page.locator("#sidebar .side-status")).to_have_text("Reconnecting to the sandbox…")
    stage.echo_app.call("chat.postMessage", channel=STATUS, text="said while nobody heard")
    expect(page.get_by_text("said while nobody heard")).to_have_count(0)
    broken = False
    expect(page.get_by_text("said while nobody heard")).to_be_visible()
    expect(page.locator("#sidebar .side-status")).to_have_text("Echo is connected")


def test_the_rail_shows_for_whom_something_waits(stage: Stage) -> None:
    """A direct message to somebody else is counted at their picture, until they have read it."""
    page = stage.enter(MIA)
    stage.echo_app.call("chat.postMessage", channel=MAX, text="for you")
    expect(page.get_by_role("link", name="Switch to Max Meyer, member, 1 unread")).to_be_visible()
    page.get_by_role("link", name="Switch to Max Meyer").click()
    page.locator('#sidebar [data-kind="im"]').click()
    expect(page.get_by_role("listitem").filter(has_text="for you")).to_be_visible()
    page.get_by_role("link", name="Switch to Mia Member").click()
    expect(page.get_by_role("link", name=re.compile("Max Meyer.*unread"))).to_have_count(0)


def test_a_channel_begins_with_the_commands(stage: Stage) -> None:
    """Above the first message stand the app's commands; a press writes one into the box."""
    page = stage.enter(MIA)
    page.get_by_role("button", name="/say").click()
    expect(composer(page)).to_have_value("/say ")
    expect(composer(page)).to_be_focused()


def test_a_permalink_is_followed_in_place(stage: Stage) -> None:
    """A link to a message leads to its conversation in the same window, as the same person."""
    page = stage.enter(MIA)
    ts = stage.echo_app.call("chat.postMessage", channel=STATUS, text="target")["ts"]
    address = f"{stage.server.url}/archives/{STATUS}/p{ts.replace('.', '')}"
    page.locator(f'#sidebar [data-channel="{GENERAL}"]').click()
    type_line(page, f"see {address}")
    page.get_by_role("link", name=address).click()
    expect(page.get_by_role("listitem").filter(has_text="target")).to_be_visible()
    expect(page).to_have_url(re.compile(f"as={MIA}&c={STATUS}"))
