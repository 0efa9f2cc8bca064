"""A real Chromium for the browser tests, and pages in it that may not complain."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from sandbox.server import SandboxServer
from tests.browser.demo import Demo, running_demo
from tests.browser.echo_app import EchoApp
from tests.browser.stage import OpenPage, Stage
from tests.setup_browser import find_browser
from tests.waiting import wait_until

Contexts = dict[str, BrowserContext]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # The network ends at this machine for the browser too.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
_PATIENCE_MS = 20_000


# Playwright's synchronous interface keeps an event loop running in this thread, so the browser is closed as soon
# as the tests of this folder are through: asynchronous tests elsewhere need the thread for themselves.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, started once for all tests of this folder."""
    executable = find_browser()
    if executable is None:
        pytest.fail(
            "The browser tests need Chromium: run `make test`, which fetches it, or install it.", pytrace=False
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Contexts:
    """Contexts by what they were asked to be, each with a tab that stays open.

    A page in one that has been used opens in half the time. With its last tab Chromium would close the window, and
    spend on the next one, its frame and its toolbar twice what our page takes.
    """
    return {}


@pytest.fixture
def open_page(browser: Browser, contexts: Contexts) -> Iterator[OpenPage]:
    """`open_page(url, **context_options)`: a page of its own; the test fails if it met an error of its own.

    `prepare(page)` runs before the page goes to its address; `expected` are parts of errors that belong to the test.
    """
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(
        url: str,
        *,
        prepare: Callable[[Page], None] | None = None,
        expected: Sequence[str] = (),
        **options: Any,
    ) -> Page:
        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(part in message.text for part in expected):
                complaints.append(f"{message.text} ({message.location.get('url', '')})")

        key = repr(sorted(options.items()))
        if key not in contexts:
            contexts[key] = browser.new_context(**{"reduced_motion": "reduce", "locale": "en-US", **options})
            contexts[key].set_default_timeout(_PATIENCE_MS)
            contexts[key].new_page()
        page = contexts[key].new_page()
        pages.append(page)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if prepare:
            prepare(page)
        page.goto(url)
        return page

    expect.set_options(timeout=_PATIENCE_MS)
    yield open_page
    for page in pages:
        page.evaluate("localStorage.clear()")
        page.close()
    assert not complaints, f"the page complained: {complaints}"


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """One demo for all stories of this folder."""
    with running_demo() as demo:
        yield demo


@pytest.fixture(scope="package")
def echo_sandbox() -> Iterator[tuple[SandboxServer, EchoApp]]:
    """A running sandbox with the echo app connected, for all tests of this folder."""
    with SandboxServer(manifest=Path(__file__).with_name("echo_app.yml")) as server:
        echo_app = EchoApp(server.api_url)
        echo_app.start()
        wait_until(lambda: server.workspace.connected)
        yield server, echo_app
        echo_app.stop()


@pytest.fixture
def stage(echo_sandbox: tuple[SandboxServer, EchoApp], open_page: OpenPage) -> Stage:
    """A fresh workspace with the echo app in it: nothing said, nothing open."""
    server, echo_app = echo_sandbox
    server.workspace.reset()
    echo_app.forget()
    return Stage(server, echo_app, open_page)
