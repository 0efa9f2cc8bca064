"""Whatever a page or `help` says can be typed, is typed into the demo, and is understood there."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from sandbox.player import Control, NotOnScreenError, Player, SandboxRefusedError, words_of
from tests.browser.demo import Demo, running_demo
from tests.docs.typed_usages import expand

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OMAR, INES, MIA, MAX = "U0OMAR0001", "U0INES0001", "U0MIA00001", "U0MAX00001"
_LISTS = {"commands.md", "keydesk-api.md"}
_PATIENCE = 5
_LATE = ("took too long", "did not open the window", "Operation timed out")
"""What people read whom Keydesk could not answer within Slack's three seconds."""
_FENCE = re.compile(r"^```(?:text)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`(/(?:keys|roles|incident|maintenance|page) [^`\n]+)`")
_PLAN = '/maintenance schedule "{}" on acme from tomorrow 22:00 for 3h We move.'
_SECOND, _THIRD = '"Second rebuild"', '"Third rebuild"'
_WISH = '/keys request "a wish" scope:read page:acme for 30d because we try it'
NAMES: Mapping[str, Mapping[str, str]] = {
    "/keys": {"KEY": '"deploy hook"', "NAME": '"a wish"'},
    "/roles": {},
    "/incident": {"INCIDENT": '"Search is slow"', "NAME": '"kept"', "PAGE": "acme", "text": "We look."},
    "/maintenance": {"MAINTENANCE": '"Search index rebuild"', "PAGE": "acme", "text": "We look."},
    "/page": {"COMPONENT": "Webhooks", "PAGE": "acme", "NAME": "Mail"},
}
"""What stands in the demo for what help writes in capitals."""
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "/keys rotate": {"KEY": '"metrics push"'},
    "/keys revoke": {"KEY": '"incident bot trial"'},
    "/maintenance reschedule": {"MAINTENANCE": _SECOND},
    "/maintenance extend": {"MAINTENANCE": _SECOND},
    "/maintenance reopen": {"MAINTENANCE": _SECOND},
    "/maintenance cancel": {"MAINTENANCE": _THIRD},
}
"""What else stands for it in single sub-commands."""


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for all lines: what one of them does, the next ones find."""
    with running_demo() as demo:
        yield demo


@pytest.fixture(scope="module")
def control(demo: Demo) -> Control:
    """Its workspace."""
    return Control(demo.workspace)


def answer(person: Player, line: str) -> str:
    """What somebody sees who typed a line: the form that opened, which is then closed, or else the answer. Whoever is
    told that it took too long, on a machine that has much else to do, types it again."""
    for _ in range(_PATIENCE):
        said = seen(person, line)
        if not any(words in said for words in _LATE):
            break
    return said


def seen(person: Player, line: str) -> str:
    """See `answer`; once."""
    try:
        message = person.type_command(line)
        said = words_of({"blocks": person.modal["blocks"]})
    except SandboxRefusedError as error:
        return str(error)
    except NotOnScreenError:
        assert message is not None, f"nothing answered {line}"
        return words_of(message)
    while person.views():
        person.close()
    return said


def is_refused(said: str) -> bool:
    """Whether it begins with a refusal; warnings that stand further down are about what was understood."""
    return said.startswith(":warning:")


def publish(person: Player, line: str) -> None:
    """Publish what a line previews. What was not in time is typed again, as in `answer`."""
    for _ in range(_PATIENCE):
        with contextlib.suppress(SandboxRefusedError):
            person.type_command(line)
        if person.views():
            break
    person.press("Publish", person.modal)
    while person.views():
        person.close()


PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "/incident update": ('/incident new "Search is slow" component:search=degraded We look into it.',),
    "/incident reopen": ("/incident resolve It works again.",),
    "/maintenance complete": ("/maintenance start We begin.",),
    "/maintenance reschedule": ("/maintenance complete We are done.", _PLAN.format("Second rebuild")),
    "/maintenance extend": ("/maintenance start We begin.",),
    "/maintenance reopen": ("/maintenance complete We are done.",),
    "/maintenance cancel": (_PLAN.format("Third rebuild"),),
}
"""What is published before a sub-command, so that there is what it is about."""
ONCE = {"/keys rotate"}
"""What cannot be done a second time at once: typed with everything alone."""
TYPED: Mapping[str, tuple[str, str]] = {
    "/keys rename": (OMAR, '/keys rename "new name" to "deploy hook"'),
    "/keys extend": (OMAR, '/keys rename "new name" to "deploy hook"'),
    "/keys rotate": (OMAR, '/keys restore "deploy hook"'),
    "/keys suspend": (OMAR, '/keys restore "deploy hook"'),
    "/keys decline": (MAX, '/keys extend "deploy hook" for 30d because we need it'),
    "/keys approve": (MIA, _WISH),
    "/keys deny": (MIA, _WISH),
    "/incident template": (INES, '/incident template save "Search is slow" as "kept"'),
    "/page retire": (OMAR, "/page restore Webhooks"),
    "/page restore": (OMAR, "/page retire Webhooks"),
}
"""What somebody types before each line of a sub-command, whatever comes of it."""


def make_ready(control: Control, name: str) -> None:
    """See `TYPED`."""
    if name in TYPED:
        answer(control.person(TYPED[name][0]), TYPED[name][1])


def find_lines() -> list[tuple[str, str]]:
    """Every line for Slack on a page, with the page: those in blocks, and those in sentences and tables that say more
    than what a sub-command is called. Two pages list commands; what they list is held to the code by other tests."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [line for block in _FENCE.findall(text) for line in block.splitlines() if line.startswith("/")]
        named = [line for line in _CODE.findall(_FENCE.sub("", text)) if len(line.split()) > 2]
        for line in (*blocks, *named) if page.name not in _LISTS else ():
            found.setdefault(line.replace("\\|", "|"), page.name)
    return list(found.items())


@pytest.mark.page
def test_what_pages_say_is_understood(control: Control) -> None:
    """Each line for Slack in README.md and the documents, as it stands there."""
    lines = find_lines()
    assert len(lines) > 3
    refused = []
    for usage, page in lines:
        command, rest = usage.split(maxsplit=1)
        person = control.person(INES if command in ("/incident", "/maintenance") else OMAR)
        for line in expand(rest, NAMES[command]):
            make_ready(control, " ".join(usage.split()[:2]))
            said = answer(person, f"{command} {line}")
            refused += [f"{page}: {command} {line}: {said[:200]}"] if is_refused(said) else []
    assert refused == [], "\n".join(refused)


@pytest.mark.page
def test_what_help_says_is_understood(control: Control) -> None:
    """Each sub-command as help writes it, with and without what may be left out: an answer, or a form, and no refusal
    of what was typed. What there must be before is there."""
    refused = []
    for family in join_areas(AREAS).commands:
        for one in family.sub_commands:
            name = f"{family.command} {one.name}"
            person = control.person(INES if name.startswith(("/incident", "/maintenance")) else OMAR)
            for line in PUBLISHED.get(name, ()):
                publish(person, line)
            for usage in (one.usage, *(usage for usage, _ in one.more)):
                lines = list(expand(usage, {**NAMES[str(family.command)], **OTHER_NAMES.get(name, {})}))
                for line in lines[-1:] if name in ONCE else lines:
                    make_ready(control, name)
                    said = answer(person, f"{family.command} {line}")
                    refused += [f"{family.command} {line}: {said[:200]}"] if is_refused(said) else []
    assert refused == [], "\n".join(refused)
